-- Sends the requests of a file, one after the other and over again, and tells what came of them as one JSON object.
-- A line of the file is a method, a path and, where there is one, a body of JSON.

local requests = {}
local place = 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    local headers = body ~= "" and { ["Content-Type"] = "application/json" } or nil
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency, _)
  local counts = {}
  for number = 1, #latency do
    local microseconds, count = latency(number)
    counts[#counts + 1] = string.format("[%d,%d]", tonumber(microseconds), tonumber(count))
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"failed":%d,"latencies":[%s]}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, table.concat(counts, ",")
  ))
end
