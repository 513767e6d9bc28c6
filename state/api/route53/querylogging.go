package route53

import (
	"regexp"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

var queryLoggingOperations = []*operation{
	{name: "CreateQueryLoggingConfig", method: "POST", path: "queryloggingconfig", run: createQueryLoggingConfig},
	{name: "GetQueryLoggingConfig", method: "GET", path: "queryloggingconfig/{Id}", run: getQueryLoggingConfig},
	{name: "DeleteQueryLoggingConfig", method: "DELETE", path: "queryloggingconfig/{Id}", run: deleteQueryLoggingConfig},
	{name: "ListQueryLoggingConfigs", method: "GET", path: "queryloggingconfig", run: listQueryLoggingConfigs},
}

type queryLoggingConfig struct {
	Id                        string `xml:"Id"`
	HostedZoneId              string `xml:"HostedZoneId"`
	CloudWatchLogsLogGroupArn string `xml:"CloudWatchLogsLogGroupArn"`
}

func loggingShape(q *model.QueryLoggingConfig) queryLoggingConfig {
	return queryLoggingConfig{q.ID, q.Zone, q.LogGroup}
}

type createQueryLoggingConfigRequest struct {
	HostedZoneId              string `xml:"HostedZoneId" aws:"required,max=64"`
	CloudWatchLogsLogGroupArn string `xml:"CloudWatchLogsLogGroupArn" aws:"required,max=2048"`
}

type queryLoggingConfigResponse struct {
	QueryLoggingConfig queryLoggingConfig `xml:"QueryLoggingConfig"`
}

// logGroup is the ARN of a log group; queries are logged in us-east-1 only
// (aws-behaviour 3.10).
var logGroup = regexp.MustCompile(`^arn:aws[a-z-]*:logs:us-east-1:[0-9]{12}:log-group:[\w./#-]{1,512}(:\*)?$`)

// createQueryLoggingConfig keeps a configuration. Log groups are not part of
// the state, so any well-formed one is taken.
func createQueryLoggingConfig(c *call) (any, error) {
	var req createQueryLoggingConfigRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if !logGroup.MatchString(req.CloudWatchLogsLogGroupArn) {
		return nil, invalid("The ARN of the CloudWatch Logs log group is invalid: %.256s", req.CloudWatchLogsLogGroupArn)
	}
	zone := bare(req.HostedZoneId)
	q := &model.QueryLoggingConfig{Account: c.account, Zone: zone, LogGroup: req.CloudWatchLogsLogGroupArn}
	_, err := c.commit("", func(t *state.Tx) error {
		z, err := c.zone(&t.Reader, zone)
		if err != nil {
			return err
		}
		if z.Private {
			return invalid("You can't create a query logging config for a private hosted zone.")
		}
		if loggingOf(&t.Reader, z.ID) != nil {
			return awserr.New(awserr.QueryLoggingConfigExists, "A QueryLoggingConfig already exists for this hosted zone.")
		}
		q.ID = model.NewUUID("query logging", c.account, z.ID, q.LogGroup, timestamp(c.config.Now()))
		return t.Put(q)
	})
	if err != nil {
		return nil, err
	}
	return created{"queryloggingconfig/" + q.ID, queryLoggingConfigResponse{loggingShape(q)}}, nil
}

// eachLogging calls f for every configuration in the order of ids.
func eachLogging(rd *state.Reader, f func(q *model.QueryLoggingConfig) bool) {
	rd.Range(model.TableQueryLogging, "", "", func(v model.Value, _ state.Version) bool { return f(v.(*model.QueryLoggingConfig)) })
}

// loggingOf returns the configuration of a zone, or nil.
func loggingOf(rd *state.Reader, zone string) *model.QueryLoggingConfig {
	var found *model.QueryLoggingConfig
	eachLogging(rd, func(q *model.QueryLoggingConfig) bool {
		if q.Zone == zone {
			found = q
		}
		return found == nil
	})
	return found
}

func (c *call) logging(rd *state.Reader) (*model.QueryLoggingConfig, error) {
	v, ok := rd.Get(model.TableQueryLogging, c.params["Id"])
	if !ok || v.(*model.QueryLoggingConfig).Account != c.account {
		return nil, awserr.New(awserr.NoSuchQueryLoggingConfig, "The query logging config with Id %.64s doesn't exist.", c.params["Id"])
	}
	return v.(*model.QueryLoggingConfig), nil
}

func getQueryLoggingConfig(c *call) (any, error) {
	var res queryLoggingConfigResponse
	err := c.view(func(rd *state.Reader) error {
		q, err := c.logging(rd)
		if err == nil {
			res.QueryLoggingConfig = loggingShape(q)
		}
		return err
	})
	return res, err
}

func deleteQueryLoggingConfig(c *call) (any, error) {
	_, err := c.commit("", func(t *state.Tx) error {
		q, err := c.logging(&t.Reader)
		if err == nil {
			t.Delete(model.TableQueryLogging, q.ID)
		}
		return err
	})
	return empty{}, err
}

type listQueryLoggingConfigsResponse struct {
	QueryLoggingConfigs queryLoggingConfigs `xml:"QueryLoggingConfigs"`
	NextToken           string              `xml:"NextToken,omitempty"`
}

type queryLoggingConfigs struct {
	QueryLoggingConfig []queryLoggingConfig `xml:"QueryLoggingConfig"`
}

func listQueryLoggingConfigs(c *call) (any, error) {
	size, err := c.pageSize("maxresults", 100, 100)
	if err != nil {
		return nil, err
	}
	token, err := c.token("nexttoken")
	if err != nil {
		return nil, err
	}
	zone, _ := c.param("hostedzoneid")
	zone = bare(zone)
	var res listQueryLoggingConfigsResponse
	err = c.view(func(rd *state.Reader) error {
		if zone != "" {
			if _, err := c.zone(rd, zone); err != nil {
				return err
			}
		}
		var all []*model.QueryLoggingConfig
		eachLogging(rd, func(q *model.QueryLoggingConfig) bool {
			if q.Account == c.account && (zone == "" || q.Zone == zone) {
				all = append(all, q)
			}
			return true
		})
		now, next := page(all, size, func(q *model.QueryLoggingConfig) bool { return q.ID >= token })
		for _, q := range now {
			res.QueryLoggingConfigs.QueryLoggingConfig = append(res.QueryLoggingConfigs.QueryLoggingConfig, loggingShape(q))
		}
		if next != nil {
			res.NextToken = encodeToken((*next).ID)
		}
		return nil
	})
	return res, err
}
