// usage: node hlog.js FOLDER     compare FOLDER/latency.hlog with FOLDER/result.json
const assert = require("assert");
const fs = require("fs");
const hdr = require("hdr-histogram-js");

const folder = process.argv[2];
const result = JSON.parse(fs.readFileSync(`${folder}/result.json`, "utf8"));
const reader = new hdr.HistogramLogReader(fs.readFileSync(`${folder}/latency.hlog`, "utf8"), 64);

// Three significant digits, and result.json is rounded as well.
function near(ns, ms, what) {
	assert(Math.abs(ns / 1e6 - ms) <= 0.002 * ms, `${what}: ${ns / 1e6} ms is not ${ms} ms`);
}

let begin_ms = Date.parse(result.started);
for (const scenario of result.scenarios)
	for (const endpoint of scenario.endpoints) {
		const { ok = 0, timeout = 0 } = endpoint.classes;
		if (ok + timeout === 0)
			continue;
		const interval = reader.nextIntervalHistogram();
		assert(interval, `${endpoint.name}: no interval`);
		const { tag } = interval;
		assert(/^[^\s,"]+\/[^\s,"]+$/.test(tag), `tag ${tag}`);
		assert.strictEqual(interval.totalCount, ok + timeout, `${tag}: count`);
		for (const [name, percentile] of [["p50", 50], ["p95", 95], ["p99", 99], ["max", 100]])
			near(interval.getValueAtPercentile(percentile), endpoint.latency_ms[name], `${tag} ${name}`);
		assert(interval.startTimeStampMsec >= begin_ms && interval.endTimeStampMsec > begin_ms, `${tag}: time`);
		begin_ms = interval.startTimeStampMsec;
	}
assert.strictEqual(reader.nextIntervalHistogram(), null, "an interval too many");
