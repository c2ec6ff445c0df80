package record

import (
	"encoding/json"
	"time"
)

// KeptPredictor is one version of what was learned from outcomes. It never changes; what is done with it is said by models.
type KeptPredictor struct {
	Version   int             `json:"version"`
	Use       string          `json:"use" enum:"axis,shadow,off" doc:"by the published model"`
	Model     *int            `json:"model" doc:"the published model, where it names this version"`
	Along     []int           `json:"along" nullable:"false" doc:"versions of models that score along as shadows and use it"`
	Origin    string          `json:"origin" enum:"leads,file" doc:"what it was trained on"`
	Note      string          `json:"note"`
	Author    string          `json:"author"`
	Outcomes  int             `json:"outcomes" doc:"leads it was fitted to"`
	Positive  int             `json:"positive" doc:"of them, how many converted"`
	AUC       json.RawMessage `json:"auc" doc:"in cross-validation, with its 95 % interval: value, low, high"`
	CreatedAt time.Time       `json:"created_at"`
	State     *string         `json:"state" enum:"holds,retrain,too_few" doc:"found last on the schedule; null: never looked at"`
	Predictor json.RawMessage `json:"predictor,omitempty" doc:"as a model may hold it; not in lists"`
	Card      json.RawMessage `json:"card,omitempty" doc:"data, figures with intervals, limits; not in lists"`
}

// The origins of a predictor.
const (
	OriginLeads = "leads"
	OriginFile  = "file"
)

// PredictorHealth is what was found when it was looked whether a predictor still holds.
type PredictorHealth struct {
	ID        int64           `json:"id"`
	Predictor int             `json:"predictor" doc:"version"`
	At        time.Time       `json:"at"`
	State     string          `json:"state" enum:"holds,retrain,too_few"`
	Leads     int             `json:"leads" doc:"that came to an end after it was trained"`
	Young     int             `json:"young" doc:"left out: decided so lately that slow outcomes are still to come"`
	Alarms    []string        `json:"alarms" nullable:"false" doc:"each with the number behind it"`
	Health    json.RawMessage `json:"health" doc:"fields by their stability index, and periods: AUC, predicted, observed; null: too few leads"`
}

// What PredictorHealth.State may say.
const (
	HealthHolds   = "holds"
	HealthRetrain = "retrain"
	HealthTooFew  = "too_few"
)
