package health

// opinion is what a checker holds an endpoint to be, as it travels: two bits.
type opinion uint8

const (
	unknown opinion = iota
	healthy
	unhealthy
)

func opinionOf(isHealthy bool) opinion {
	if isHealthy {
		return healthy
	}
	return unhealthy
}

// judge forms an opinion from probes.
type judge struct {
	opinion opinion
	// against counts the probes in a row that contradict the opinion.
	against int
}

// note takes the result of a probe. It returns whether the opinion is another
// one now.
//
//	opinion    probe     opinion then
//	unknown    success   healthy
//	unknown    failure   unhealthy after threshold in a row: a new check is healthy until there is enough data
//	healthy    failure   unhealthy after threshold in a row
//	unhealthy  success   healthy after threshold in a row
func (j *judge) note(success bool, threshold int) bool {
	if success && j.opinion == unknown {
		*j = judge{opinion: healthy}
		return true
	}
	if opinionOf(success) == j.opinion {
		j.against = 0
		return false
	}
	if j.against++; j.against < threshold {
		return false
	}
	*j = judge{opinion: opinionOf(success)}
	return true
}
