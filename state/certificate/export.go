package certificate

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
)

// pbkdfRounds is how often a passphrase is hashed.
const pbkdfRounds = 210_000

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidAES256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

type pbkdf2Parameters struct {
	Salt   []byte
	Rounds int
	PRF    pkix.AlgorithmIdentifier
}

type pbes2Parameters struct {
	KDF, Cipher pkix.AlgorithmIdentifier
}

type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// EncryptKey returns a private key in PEM, encrypted with a passphrase: PKCS #8
// with PBES2, PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018).
func EncryptKey(key crypto.Signer, passphrase []byte) (string, error) {
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	salt, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	_, _ = rand.Read(salt) // never fails
	_, _ = rand.Read(iv)
	secret, err := pbkdf2.Key(sha256.New, string(passphrase), salt, pbkdfRounds, 32)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return "", err
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	for range pad {
		plain = append(plain, byte(pad))
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	algorithm, err := pbes2(salt, iv)
	if err != nil {
		return "", err
	}
	der, err := asn1.Marshal(encryptedKey{Algorithm: algorithm, Data: plain})
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})), nil
}

// pbes2 returns what tells a reader how to decrypt.
func pbes2(salt, iv []byte) (id pkix.AlgorithmIdentifier, err error) {
	kdf, err := asn1.Marshal(pbkdf2Parameters{
		Salt: salt, Rounds: pbkdfRounds, PRF: pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue},
	})
	if err != nil {
		return id, err
	}
	vector, err := asn1.Marshal(iv)
	if err != nil {
		return id, err
	}
	all, err := asn1.Marshal(pbes2Parameters{
		KDF:    pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: kdf}},
		Cipher: pkix.AlgorithmIdentifier{Algorithm: oidAES256, Parameters: asn1.RawValue{FullBytes: vector}},
	})
	return pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: asn1.RawValue{FullBytes: all}}, err
}
