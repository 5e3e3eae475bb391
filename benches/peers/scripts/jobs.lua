-- The jobs in Lua, as a table of functions.

local weights = { 0.5, -1.25, 0.125, 2.0, -0.75, 1.0, 0.375, -0.5, 1.5, -2.0, 0.25, 0.875, -0.125, 1.75, -1.0, 0.625 }
local store = {}
local jobs = {}

function jobs.signal(signal)
    local _, words = signal.content:gsub("%S+", "")
    signal.metadata.words = tostring(words)
    return signal
end

function jobs.tool(params)
    local counts, distinct, words = {}, {}, 0
    for word in params.text:gmatch("%S+") do
        local count = counts[word]
        if not count then
            distinct[#distinct + 1] = word
        end
        counts[word] = (count or 0) + 1
        words = words + 1
    end
    table.sort(distinct, function(one, other)
        if counts[one] ~= counts[other] then
            return counts[one] > counts[other]
        end
        return one < other
    end)
    -- `array` has an empty table be an array in JSON.
    local top = setmetatable({}, array)
    for at = 1, math.min(params.top, #distinct) do
        top[at] = { distinct[at], counts[distinct[at]] }
    end
    return { distinct = #distinct, top = top, words = words }
end

function jobs.put(key, value)
    store[key] = value
end

function jobs.get(key)
    return store[key]
end

local function weigh(features, from)
    local sum = 0.0
    for at = 1, #weights do
        sum = sum + features[from + at] * weights[at]
    end
    return sum
end

function jobs.predict(features)
    return weigh(features, 0)
end

function jobs.predict_all(features)
    local numbers = {}
    for row = 0, #features // #weights - 1 do
        numbers[row + 1] = weigh(features, row * #weights)
    end
    return numbers
end

return jobs
