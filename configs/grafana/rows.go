package grafana

import "github.com/grafana/grafana-foundation-sdk/go/units"

// day is a day in seconds.
const day = 24 * 3600

// quantile is the expression of a quantile of a histogram.
func quantile(q, name, by string) string {
	if by != "" {
		by = ", " + by
	}
	return "histogram_quantile(" + q + ", sum by (le" + by + ") (rate(" + name + "_bucket[][$__rate_interval])))"
}

func flowing() []panel {
	return []panel{
		number(form{"Relays up", "Of those that are picked.", units.Short, 4, &worse{1, true}, false},
			query{`sum(up[])`, ""}),
		number(form{"Upstream reachable", "No: a relay's last connection to the upstream failed. Clients keep their mail.", units.Short, 4, &worse{1, true}, true},
			query{`min(bulkhead_upstream_reachable[])`, ""}),
		number(form{"Last message", "Since the last message was answered.", units.Seconds, 4, nil, false},
			query{`time() - max(bulkhead_last_message_timestamp_seconds[] > 0)`, ""}),
		number(form{"Faults, an hour", "Messages that could not be judged or passed on. Nothing is lost: clients were told 4xx or 5xx.", units.Short, 4, &worse{1, false}, false},
			query{`sum(increase(bulkhead_message_faults_total[][$__range])) / $__range_s * 3600`, ""}),
		number(form{"Certificate ends in", "The first of the listeners'.", units.Seconds, 4, &worse{14 * day, true}, false},
			query{`min(bulkhead_certificate_not_after_timestamp_seconds[]) - time()`, ""}),
		number(form{"Audit trail intact", "No: it was changed. Run bulkhead audit verify.", units.Short, 4, &worse{1, true}, true},
			query{`min(bulkhead_audit_chain_intact[])`, ""}),
		stacked(form{"Messages by action", "", "msg/s", 12, nil, false},
			query{`sum by (action) (rate(bulkhead_messages_total[][$__rate_interval]))`, "{{action}}"}),
		stacked(form{"The upstream's answers", "To messages that were passed on.", "msg/s", 12, nil, false},
			query{`sum by (result) (rate(bulkhead_upstream_transactions_total[][$__rate_interval]))`, "{{result}}"}),
		chart(form{"Refusals by command", "Replies of 4xx and 5xx to clients.", "cps", 8, nil, false},
			query{`sum by (command, class) (rate(bulkhead_smtp_replies_total[class=~"4xx|5xx"][$__rate_interval]))`, "{{command}} {{class}}"}),
		chart(form{"Faults by stage and reason", "", "msg/s", 8, nil, false},
			query{`sum by (stage, reason) (rate(bulkhead_message_faults_total[][$__rate_interval])) > 0`, "{{stage}}: {{reason}}"}),
		chart(form{"Connections", "Open now; and those that were turned away, by the second.", units.Short, 8, nil, false},
			query{`sum(bulkhead_smtp_connections[])`, "open"},
			query{`sum by (result) (rate(bulkhead_smtp_connections_total[result!="accepted"][$__rate_interval]))`, "{{result}}"},
			query{`sum(bulkhead_milter_connections[])`, "mail servers that ask, open"},
			query{`sum by (result) (rate(bulkhead_milter_connections_total[result!="accepted"][$__rate_interval]))`, "mail servers, {{result}}"}),
	}
}

func held() []panel {
	return []panel{
		number(form{"Open incidents", "That wait for a decision.", units.Short, 4, nil, false},
			query{`sum(bulkhead_quarantine_incidents[state="open"])`, ""}),
		number(form{"Messages held", "", units.Short, 4, nil, false},
			query{`sum(bulkhead_quarantine_messages[state="held"])`, ""}),
		number(form{"The oldest waits for", "Since it came.", units.Seconds, 4, &worse{4 * 3600, false}, false},
			query{`time() - min(bulkhead_quarantine_oldest_open_timestamp_seconds[] > 0)`, ""}),
		number(form{"Next expires in", "What nobody decides is refused then.", units.Seconds, 4, &worse{day, true}, false},
			query{`min(bulkhead_quarantine_next_expiry_timestamp_seconds[] > 0) - time()`, ""}),
		number(form{"Left before the hold", "Copies of held mailings that had gone out before, over the time looked at.", units.Short, 4, &worse{1, false}, false},
			query{`sum(increase(bulkhead_run_messages_delivered_before_hold_total[][$__range]))`, ""}),
		number(form{"Releases not ended", "Somebody does not have a released message, or may have it.", units.Short, 4, &worse{1, false}, false},
			query{`sum(bulkhead_quarantine_messages[state="release_failed"])`, ""}),
		chart(form{"Waiting", "", units.Short, 12, nil, false},
			query{`sum by (state) (bulkhead_quarantine_messages[])`, "messages {{state}}"},
			query{`sum(bulkhead_quarantine_incidents[state="open"])`, "incidents open"}),
		stacked(form{"Decisions on messages", "Over the rate interval of the chart.", units.Short, 12, nil, false},
			query{`sum by (decision) (increase(bulkhead_decisions_total[scope="message"][$__rate_interval]))`, "{{decision}}"}),
		chart(form{"Mailings stopped", "Runs held, and the copies that were stopped with them, over the rate interval of the chart.", units.Short, 8, nil, false},
			query{`sum(increase(bulkhead_runs_total[outcome="held"][$__rate_interval]))`, "runs held"},
			query{`sum(increase(bulkhead_run_messages_stopped_total[][$__rate_interval]))`, "copies stopped"}),
		stacked(form{"Notices", "Of held mail, by channel and what became of them, over the rate interval of the chart.", units.Short, 8, nil, false},
			query{`sum by (channel, result) (increase(bulkhead_notifications_total[][$__rate_interval])) > 0`, "{{channel}} {{result}}"}),
		chart(form{"Room", "Below the reserve nothing is held, and clients are told 452.", units.BytesIEC, 8, nil, false},
			query{`min by (instance) (bulkhead_data_free_bytes[])`, "free {{instance}}"},
			query{`max by (instance) (bulkhead_quarantine_reserve_bytes[])`, "reserve {{instance}}"},
			query{`sum by (instance) (bulkhead_quarantine_bytes[kind="stored"])`, "held {{instance}}"}),
	}
}

func found() []panel {
	return []panel{
		chart(form{"Policies that matched", "By policy and action, over the rate interval of the chart.", units.Short, 12, nil, false},
			query{`sum by (policy, action) (increase(bulkhead_policy_matches_total[][$__rate_interval]))`, "{{policy}} ({{action}})"}),
		chart(form{"People in messages", "Third-party people, in the largest of a hundred and of ten messages.", units.Short, 12, nil, false},
			query{quantile("0.99", "bulkhead_message_third_party_subjects", ""), "99 %"},
			query{quantile("0.9", "bulkhead_message_third_party_subjects", ""), "90 %"}),
		bars(form{"Kinds of data", "Messages in which third-party people have it, over the time looked at.", units.Short, 8, nil, false},
			query{`topk(12, sum by (field) (increase(bulkhead_fields_total[][$__range])) > 0)`, "{{field}}"}),
		bars(form{"Where it was", "Tables and texts with people's data, by what they were found in.", units.Short, 8, nil, false},
			query{`topk(12, sum by (kind) (increase(bulkhead_findings_total[][$__range])) > 0)`, "{{kind}}"}),
		bars(form{"Let pass by the allow list", "Messages that a policy matched all the same.", units.Short, 8, nil, false},
			query{`sum by (policy) (increase(bulkhead_policy_waivers_total[][$__range]))`, "{{policy}}"}),
	}
}

func keepingUp() []panel {
	return []panel{
		chart(form{"Until the client has its reply", "From the final dot.", units.Seconds, 12, nil, false},
			query{quantile("0.99", "bulkhead_message_duration_seconds", ""), "99 %"},
			query{quantile("0.5", "bulkhead_message_duration_seconds", ""), "half"}),
		chart(form{"The slowest of a hundred, by stage", "At the deadline of inspection clients are told 451.", units.Seconds, 12, nil, false},
			query{quantile("0.99", "bulkhead_stage_duration_seconds", "stage"), "{{stage}}"},
			query{`min(bulkhead_inspection_deadline_seconds[])`, "deadline of inspect"}),
		chart(form{"In work", "More in inspect than there are slots: the others wait.", units.Short, 8, nil, false},
			query{`sum by (stage) (bulkhead_messages_in_flight[])`, "{{stage}}"},
			query{`sum(bulkhead_inspection_slots[])`, "slots"}),
		chart(form{"Processor and memory", "", units.Short, 8, nil, false},
			query{`sum(rate(process_cpu_seconds_total[][$__rate_interval]))`, "processors busy"},
			query{`sum(process_resident_memory_bytes[]) / 1073741824`, "memory, GiB"}),
		chart(form{"Bodies and attachments", "Known ones cost a hash and no reading.", "cps", 8, nil, false},
			query{`sum by (result) (rate(bulkhead_part_lookups_total[][$__rate_interval]))`, "{{result}}"}),
	}
}

func unread() []panel {
	return []panel{
		stacked(form{"How far messages were read", "", "msg/s", 12, nil, false},
			query{`sum by (completeness) (rate(bulkhead_messages_total[][$__rate_interval]))`, "{{completeness}}"}),
		stacked(form{"Why parts were not read", "Over the rate interval of the chart.", units.Short, 12, nil, false},
			query{`sum by (reason) (increase(bulkhead_parts_unread_total[][$__rate_interval])) > 0`, "{{reason}}"}),
		bars(form{"Parts not wholly read, by format", "Over the time looked at.", units.Short, 12, nil, false},
			query{`topk(12, sum by (format) (increase(bulkhead_parts_total[outcome!="read"][$__range])) > 0)`, "{{format}}"}),
		bars(form{"Parts met, by format", "Over the time looked at.", units.Short, 12, nil, false},
			query{`topk(12, sum by (format) (increase(bulkhead_parts_total[][$__range])) > 0)`, "{{format}}"}),
	}
}
