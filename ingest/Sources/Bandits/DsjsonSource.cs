using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OfflineRL.Ingest;

/// <summary>
/// The decision service's JSON, an event a line, and Vowpal Wabbit's own with the same labels: contextual bandits with features of actions,
/// events with slots (a step each), continuous actions. Other labels are refused by name.
/// </summary>
sealed partial class DsjsonSource : ISourceReader
{
    public SourceFormat Format => SourceFormat.Dsjson;

    public bool Recognizes(SourceProbe probe) =>
        probe.Text.Span.TrimStart(" \t\r\n"u8).StartsWith("{"u8) && Label().IsMatch(Encoding.Latin1.GetString(probe.Text.Span));

    public SourceTable Open(SourceRequest request)
    {
        using var table = new DecisionTable(request);
        var reader = new DsjsonEvent(table.Context, table.Actions);
        for (var file = 0; file < request.Paths.Count; file++)
        {
            var (path, index) = (request.Paths[file], file);
            SourceText.Guard(path, () => Read(request, path, index, table, reader));
        }

        return table.Finish();
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => DecisionTable.Fill(config, table);

    static long Read(SourceRequest request, string path, int file, DecisionTable table, DsjsonEvent reader)
    {
        using var lines = new LineReader(SourceText.Open(path));
        var events = 0L;
        while (lines.Next(out var line))
        {
            request.Cancellation.ThrowIfCancellationRequested();
            if (!line.ContainsAnyExcept(" \t"u8))
                continue;
            events++;
            try
            {
                table.Add(lines.TooLong ? throw new EventException("the line is too long") : reader.Read(line.ToArray()), file);
            }
            catch (EventException e)
            {
                table.Reject(file, events, lines.Row, e.Message, line);
            }

            request.Progress.Report("decoding events", table.Rows, 0);
        }

        return events;
    }

    [GeneratedRegex("\"(_label_cost|_label_Cost|_label_ca|_labelIndex|_label_Action|_outcomes)\"\\s*:")]
    private static partial Regex Label();
}

/// <summary>Reads one event of the decision service's JSON.</summary>
sealed class DsjsonEvent(FeatureHasher context, FeatureHasher actions)
{
    /// <exception cref="EventException">The line is no event that can be taken.</exception>
    public IReadOnlyList<Decision> Read(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new EventException($"not valid JSON of an event ({e.Message.Split(" LineNumber")[0].TrimEnd('.')})");
        }
    }

    List<Decision> Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new EventException("not an object");
        var inner = root.TryGetProperty("c", out var c) && c.ValueKind == JsonValueKind.Object ? c : root;
        if (root.TryGetProperty("_outcomes", out var outcomes))
            return Slots(root, inner, outcomes);
        if (root.TryGetProperty("_label_ca", out var label))
            return [label.ValueKind == JsonValueKind.Object ? Continuous(root, inner, label) : throw new EventException("_label_ca is no object; expected action, cost and pdf_value")];
        return Property(root, "_label_cost", "_label_Cost") is { } cost
            ? [Bandit(root, inner, cost)]
            : throw new EventException(root.TryGetProperty("_label", out _)
                ? "label '_label' of supervised learning; expected a contextual bandit's: _label_cost, _label_probability and _labelIndex"
                : "there is no label; expected _label_cost, _label_probability and _labelIndex, or _label_ca, or _outcomes. Join the events with their rewards first");
    }

    Decision Continuous(JsonElement root, JsonElement inner, JsonElement label) => new()
    {
        Kind = DecisionKind.Continuous,
        Context = Context(inner),
        ContinuousAction = Number(label, "action"),
        Cost = Number(label, "cost"),
        Probability = Number(label, "pdf_value"),
        EventId = Text(root, "EventId"),
        Time = Text(root, "Timestamp"),
    };

    Decision Bandit(JsonElement root, JsonElement inner, JsonElement cost)
    {
        var features = Features(inner);
        var probability = Property(root, "_label_probability", "_label_Probability") ?? throw new EventException("there is no _label_probability; expected the probability of the action taken");
        return new Decision
        {
            Kind = DecisionKind.ActionFeatures,
            Context = Context(inner),
            Action = Action(root),
            Cost = Number(cost, "_label_cost"),
            Probability = Number(probability, "_label_probability"),
            Probabilities = root.TryGetProperty("p", out var p) ? Distribution(p, root.TryGetProperty("a", out var a) ? Order(a) : null, features.Length) : null,
            Features = features,
            EventId = Text(root, "EventId"),
            Time = Text(root, "Timestamp"),
            Feedback = Feedback(root),
        };
    }

    List<Decision> Slots(JsonElement root, JsonElement inner, JsonElement outcomes)
    {
        if (Property(root, "_label_cost", "_label_Cost") is not null)
            throw new EventException("a slates event: one cost for all slots together; expected a cost for each slot (ccb), which is a step of its own");
        var slots = inner.TryGetProperty("_slots", out var s) && s.ValueKind == JsonValueKind.Array ? s.EnumerateArray().ToList() : throw new EventException("there are _outcomes and no _slots; expected a slot for each outcome");
        var features = Features(inner);
        var results = outcomes.ValueKind == JsonValueKind.Array ? outcomes.EnumerateArray().ToList() : [];
        if (results.Count == 0 || results.Count != slots.Count)
            throw new EventException($"there are {results.Count} outcomes and {slots.Count} slots; expected one outcome for each slot, and at least one");
        var decisions = new List<Decision>();
        for (var i = 0; i < results.Count; i++)
        {
            var order = results[i].TryGetProperty("_a", out var a) ? Order(a, fromZero: true) : throw new EventException($"slot {i} has no _a; expected its actions, the one taken first");
            if (order.Count == 0 || order.Any(k => k < 0 || k >= features.Length))
                throw new EventException($"slot {i}: _a is [{string.Join(", ", order)}]; expected actions from 0 to {features.Length - 1}, the one taken first");
            var vector = Context(inner);
            JsonContext.Add(slots[i], vector, context);
            decisions.Add(new Decision
            {
                Kind = DecisionKind.Slots,
                Context = vector,
                Action = order[0],
                Cost = Number(results[i], "_label_cost"),
                Probability = results[i].TryGetProperty("_p", out var p) && p.ValueKind == JsonValueKind.Array && p.GetArrayLength() > 0 ? Number(p[0], "_p") : throw new EventException($"slot {i} has no _p; expected the probabilities of its actions"),
                Probabilities = Distribution(p, order, features.Length),
                Allowed = Enumerable.Range(0, features.Length).Select(order.Contains).ToArray(),
                Features = features,
                EventId = Text(root, "EventId"),
                Time = Text(root, "Timestamp"),
                Slot = Text(results[i], "_id") ?? i.ToString(System.Globalization.CultureInfo.InvariantCulture),
                Last = i == results.Count - 1,
            });
        }

        return decisions;
    }

    float[] Context(JsonElement inner)
    {
        var vector = new float[context.Width];
        JsonContext.Add(inner, vector, context);
        return vector;
    }

    float[][] Features(JsonElement inner)
    {
        if (!inner.TryGetProperty("_multi", out var multi) || multi.ValueKind != JsonValueKind.Array || multi.GetArrayLength() == 0)
            throw new EventException("there is no _multi; expected the features of each action");
        return multi.EnumerateArray().Select(action =>
        {
            var vector = new float[actions.Width];
            JsonContext.Add(action, vector, actions);
            return vector;
        }).ToArray();
    }

    static int Action(JsonElement root)
    {
        var index = root.TryGetProperty("_labelIndex", out var i) ? (int)Number(i, "_labelIndex") : -1;
        var action = root.TryGetProperty("_label_Action", out var a) ? (int)Number(a, "_label_Action") : 0;
        // Logs that count _label_Action from 0 are told from those from 1 by its being 0.
        if (index < 0 && action < 1)
            throw new EventException("there is neither a _labelIndex from 0 nor a _label_Action from 1; expected the action taken");
        if (index >= 0 && action >= 1 && action != index + 1)
            throw new EventException($"_label_Action is {action} and _labelIndex {index}; expected one action, from 1 and from 0");
        return index >= 0 ? index : action - 1;
    }

    // Of actions as numbers from 0: the list is written from 1 by the decision service, from 0 by some.
    static List<int> Order(JsonElement a, bool fromZero = false)
    {
        var order = a.ValueKind == JsonValueKind.Array ? a.EnumerateArray().Select(v => (int)Number(v, "a")).ToList() : throw new EventException("the list of actions is no list");
        if (order.Distinct().Count() != order.Count)
            throw new EventException($"the list of actions [{string.Join(", ", order.Take(20))}] names one twice");
        return fromZero || order.Contains(0) ? order : order.Select(k => k - 1).ToList();
    }

    static double[] Distribution(JsonElement p, List<int>? order, int count)
    {
        var values = p.ValueKind == JsonValueKind.Array ? p.EnumerateArray().Select(v => Number(v, "p")).ToList() : throw new EventException("the list of probabilities is no list");
        order ??= Enumerable.Range(0, values.Count).ToList();
        if (order.Count != values.Count || order.Any(k => k < 0 || k >= count))
            throw new EventException($"there are {values.Count} probabilities for the actions [{string.Join(", ", order.Take(20))}]; expected one each, of {count} actions");
        var distribution = new double[count];
        for (var i = 0; i < values.Count; i++)
            distribution[order[i]] = values[i] is >= 0 and <= 1 ? values[i] : throw new EventException(FormattableString.Invariant($"the probability {values[i]} of an action; expected 0 to 1"));
        return distribution;
    }

    static string? Feedback(JsonElement root) =>
        root.TryGetProperty("o", out var o) && o.ValueKind == JsonValueKind.Array && o.GetArrayLength() > 0 && o[0].ValueKind == JsonValueKind.Object
            && o[0].TryGetProperty("v", out var v) && v.ValueKind == JsonValueKind.Object ? v.GetRawText() : null;

    static JsonElement? Property(JsonElement root, string name, string other) =>
        root.TryGetProperty(name, out var value) || root.TryGetProperty(other, out value) ? value : null;

    static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static double Number(JsonElement parent, string name)
    {
        if (parent.ValueKind == JsonValueKind.Object)
            return parent.TryGetProperty(name, out var inner) ? Number(inner, name) : throw new EventException($"there is no {name}");
        return parent.ValueKind == JsonValueKind.Number && parent.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : throw new EventException($"{name} is {CsvScreen.Shown(Encoding.UTF8.GetBytes(parent.GetRawText()))}; expected a number");
    }
}
