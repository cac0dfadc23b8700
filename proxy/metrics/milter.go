package metrics

import "github.com/prometheus/client_golang/prometheus"

func (m *Metrics) newMilter(reg prometheus.Registerer) {
	m.MilterConnections = counter(reg, "milter_connections_total", "Milter connections of mail servers by what became of them.", "result")
	zero(m.MilterConnections, []string{"accepted", "over_limit", "not_allowed"})
	m.OpenMilterConnections = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bulkhead_milter_connections", Help: "Milter connections of mail servers open now.",
	})
	m.MilterAnswers = counter(reg, "milter_answers_total", "Answers to mail servers about a whole message.", "answer")
	zero(m.MilterAnswers, []string{"accept", "discard", "refuse", "tempfail"})
	reg.MustRegister(m.OpenMilterConnections)
}
