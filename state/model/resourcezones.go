package model

// The hosted zone ids of AWS's own names (aws-behaviour 3.6): those that an
// alias to such a name gives, by Region. Regions that are not here are not
// checked.
const (
	// cloudFrontZone is the hosted zone id of every CloudFront name.
	cloudFrontZone = "Z2FDTNDATAQYW2"
	// acceleratorZone is that of every Global Accelerator name.
	acceleratorZone = "Z2BJ6XQ5FK7U4H"
)

// s3WebsiteZones: S3 website names, by Region.
var s3WebsiteZones = map[string]string{
	"us-east-1":      "Z3AQBSTGFYJSTF",
	"us-east-2":      "Z2O1EMRO9K5GLX",
	"us-west-1":      "Z2F56UZL2M1ACD",
	"us-west-2":      "Z3BJ6K6RIION7M",
	"ca-central-1":   "Z1QDHH18159H29",
	"sa-east-1":      "Z7KQH4QJS55SO",
	"eu-west-1":      "Z1BKCTXD74EZPE",
	"eu-west-2":      "Z3GKZC51ZF0DB4",
	"eu-west-3":      "Z3R1K369G5AVDG",
	"eu-central-1":   "Z21DNDUVLTQW6Q",
	"eu-north-1":     "Z3BAZG2TWCNX0D",
	"eu-south-1":     "Z3IXVV8C73GIO3",
	"ap-south-1":     "Z11RGJOFQNVJUP",
	"ap-east-1":      "ZNB98KWMFR0R6",
	"ap-northeast-1": "Z2M4EHUR26P7ZW",
	"ap-northeast-2": "Z3W03O7B5YMIYP",
	"ap-northeast-3": "Z2YQB5RD63NC85",
	"ap-southeast-1": "Z3O0J2DXBE1FTB",
	"ap-southeast-2": "Z1WCIGYICN2BYD",
	"me-south-1":     "Z1MPMWCPA7YB62",
	"af-south-1":     "Z11KHD8FBVPUYU",
}

// loadBalancerZones: NAME.REGION.elb.amazonaws.com: application and classic load balancers.
var loadBalancerZones = map[string]string{
	"us-east-1":      "Z35SXDOTRQ7X7K",
	"us-east-2":      "Z3AADJGX6KTTL2",
	"us-west-1":      "Z368ELLRRE2KJ0",
	"us-west-2":      "Z1H1FL5HABSF5",
	"ca-central-1":   "ZQSVJUPU6J1EY",
	"sa-east-1":      "Z2P70J7HTTTPLU",
	"eu-west-1":      "Z32O12XQLNTSW2",
	"eu-west-2":      "ZHURV8PSTC4K8",
	"eu-west-3":      "Z3Q77PNBQS71R4",
	"eu-central-1":   "Z215JYRZR1TBD5",
	"eu-north-1":     "Z23TAZ6LKFMNIO",
	"eu-south-1":     "Z3ULH7SSC9OV64",
	"ap-south-1":     "ZP97RAFLXTNZK",
	"ap-east-1":      "Z3DQVH9N71FHZ0",
	"ap-northeast-1": "Z14GRHDCWA56QT",
	"ap-northeast-2": "ZWKZPGTI48KDX",
	"ap-northeast-3": "Z5LXEXXYW11ES",
	"ap-southeast-1": "Z1LMS91P8CMLE5",
	"ap-southeast-2": "Z1GM3OXH4ZPM65",
	"me-south-1":     "ZS929ML54UICD",
	"af-south-1":     "Z268VQBMOI5EKX",
}

// networkBalancerZones: NAME.elb.REGION.amazonaws.com: network load balancers.
var networkBalancerZones = map[string]string{
	"us-east-1":      "Z26RNL4JYFTOTI",
	"us-east-2":      "ZLMOA37VPKANP",
	"us-west-1":      "Z24FKFUX50B4VW",
	"us-west-2":      "Z18D5FSROUN65G",
	"ca-central-1":   "Z2EPGBW3API2WT",
	"sa-east-1":      "ZTK26PT1VY4CU",
	"eu-west-1":      "Z2IFOLAFXWLO4F",
	"eu-west-2":      "ZD4D7Y8KGAS4G",
	"eu-west-3":      "Z1CMS0P5QUZ6D5",
	"eu-central-1":   "Z3F0SRJ5LGBH90",
	"eu-north-1":     "Z1UDT6IFJ4EJM",
	"ap-south-1":     "ZVDDRBQ08TROA",
	"ap-northeast-1": "Z31USIVHYNEOWT",
	"ap-northeast-2": "ZIBE1TIR4HY56",
	"ap-southeast-1": "ZKVM4W9LS7TM",
	"ap-southeast-2": "ZCT6FZBF4DROD",
}

// beanstalkZones: NAME.REGION.elasticbeanstalk.com.
var beanstalkZones = map[string]string{
	"us-east-1":      "Z117KPS5GTRQ2G",
	"us-east-2":      "Z14LCN19Q5QHIC",
	"us-west-1":      "Z1LQECGX5PH1X",
	"us-west-2":      "Z38NKT9BP95V3O",
	"ca-central-1":   "ZJFCZL7SSZB5I",
	"eu-west-1":      "Z2NYPWQ7DFZAZH",
	"eu-west-2":      "Z1GKAAAUGATPF1",
	"eu-west-3":      "Z5WN6GAYWG5OB",
	"eu-central-1":   "Z1FRNW7UH4DEZJ",
	"ap-northeast-1": "Z1R25G3KIG2GBW",
	"ap-southeast-1": "Z16FZ9L249IFLT",
	"ap-southeast-2": "Z2PCDNR3VC2G1N",
	"ap-south-1":     "Z18NTBI3Y7N9TZ",
	"sa-east-1":      "Z10X7K2B4QSOFV",
}
