using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OfflineRL.Ingest;

/// <summary>
/// Vowpal Wabbit's text of contextual bandits: <c>action:cost:probability | features</c> a line, events of several lines with an action on
/// each and an empty line behind, and <c>ca action:cost:density | features</c>. Other labels are refused by name.
/// </summary>
sealed partial class VwSource : ISourceReader
{
    public SourceFormat Format => SourceFormat.Vw;

    public bool Recognizes(SourceProbe probe)
    {
        var text = probe.Text.Span;
        if (!CsvHeader.MayBeText(text))
            return false;
        var end = text.TrimStart("\r\n"u8).IndexOf((byte)'\n');
        var line = Encoding.UTF8.GetString(end < 0 ? text.TrimStart("\r\n"u8) : text.TrimStart("\r\n"u8)[..end]);
        return FirstLine().IsMatch(line);
    }

    public SourceTable Open(SourceRequest request)
    {
        using var table = new DecisionTable(request);
        for (var file = 0; file < request.Paths.Count; file++)
        {
            var (path, index) = (request.Paths[file], file);
            SourceText.Guard(path, () => Read(request, path, index, table));
        }

        return table.Finish();
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => DecisionTable.Fill(config, table);

    static long Read(SourceRequest request, string path, int file, DecisionTable table)
    {
        using var lines = new LineReader(SourceText.Open(path));
        var events = 0L;
        var open = new VwEvent(table);
        while (lines.Next(out var line))
        {
            request.Cancellation.ThrowIfCancellationRequested();
            if (line.ContainsAnyExcept(" \t"u8))
            {
                if (!open.Started)
                    events++;
                open.Add(line, lines.Row, lines.TooLong);
                if (open.IsMultiline)
                    continue;
            }

            End(open, table, file, events);
            request.Progress.Report("decoding events", table.Rows, 0);
        }

        End(open, table, file, events);
        return events;
    }

    static void End(VwEvent open, DecisionTable table, int file, long number)
    {
        if (!open.Started)
            return;
        try
        {
            table.Add([open.Finish()], file);
        }
        catch (EventException e)
        {
            table.Reject(file, number, open.FirstLine, e.Message, open.Text);
        }

        open.Clear();
    }

    // A label in front of the first bar, or one of the words that begin an event, or nothing.
    [GeneratedRegex(@"^\s*(shared|ca\s+\S+|ccb\s+\S+(\s+\S+)?|slates\s+\S+(\s+\S+)*|[-+]?\d[\d.eE+:\-]*(\s+[-+']?[\w.:+\-]+)*)?\s*\|", RegexOptions.NonBacktracking)]
    private static partial Regex FirstLine();
}

/// <summary>One event of Vowpal Wabbit's text while its lines are read.</summary>
sealed class VwEvent(DecisionTable table)
{
    const int MostActions = 10_000;

    readonly List<float[]> _features = [];
    readonly List<int> _bare = [];
    readonly List<byte> _text = [];
    float[] _context = new float[table.Context.Width];
    (int Action, double Cost, double Probability)? _label;
    string? _fault;
    bool _continuous;
    double _value;

    public bool Started { get; private set; }

    /// <summary>Whether lines follow up to an empty one.</summary>
    public bool IsMultiline { get; private set; }

    public long FirstLine { get; private set; }

    public ReadOnlySpan<byte> Text => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_text);

    public void Add(ReadOnlySpan<byte> line, long number, bool tooLong)
    {
        if (!Started)
            (Started, FirstLine) = (true, number);
        if (_text.Count < 300)
            _text.AddRange(line[..Math.Min(line.Length, 300)]);
        try
        {
            if (tooLong)
                throw new EventException("the line is too long");
            Parse(line);
        }
        catch (EventException e)
        {
            _fault ??= e.Message;
        }
    }

    public Decision Finish()
    {
        if (_fault is not null)
            throw new EventException(_fault);
        if (_label is not { } label)
            throw new EventException("no action has a label; expected action:cost:probability on the one that was taken");
        return new Decision
        {
            Kind = _continuous ? DecisionKind.Continuous : IsMultiline ? DecisionKind.ActionFeatures : DecisionKind.Bandit,
            Context = _context,
            Action = label.Action,
            ContinuousAction = _continuous ? _value : 0,
            Cost = label.Cost,
            Probability = label.Probability,
            Features = IsMultiline ? [.. _features] : null,
            Allowed = _bare.Count > 0 ? Allowed(label.Action) : null,
            Evaluated = _bare.Count == 1 ? _bare[0] : null,
        };
    }

    public void Clear()
    {
        _features.Clear();
        _bare.Clear();
        _text.Clear();
        _context = new float[table.Context.Width];
        (_label, _fault, _continuous, Started, IsMultiline) = (null, null, false, false, false);
    }

    bool[] Allowed(int action)
    {
        var allowed = new bool[Math.Max(action, _bare.Max()) + 1];
        foreach (var a in _bare.Append(action))
            allowed[a] = true;
        return allowed;
    }

    void Parse(ReadOnlySpan<byte> line)
    {
        var bar = line.IndexOf((byte)'|');
        if (bar < 0)
            throw new EventException("there is no bar; expected action:cost:probability | features");
        var tokens = Encoding.UTF8.GetString(line[..bar]).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        // A tag is a name with a quote in front, or one that touches the bar behind a label.
        var touches = bar > 0 && line[bar - 1] is not ((byte)' ' or (byte)'\t');
        var labels = (touches && tokens.Length > 1 ? tokens[..^1] : tokens).Where(t => t[0] != '\'').ToArray();
        var features = line[bar..];
        if (labels is ["shared"])
        {
            IsMultiline = true;
            AddFeatures(features, _context, table.Context);
        }
        else if (labels.Length > 0 && labels[0] is "ccb" or "slates")
        {
            IsMultiline = true;
            throw new EventException($"label '{labels[0]}' in text; expected a contextual bandit's. Write such logs as dsjson, which is imported with a step a slot (ccb)");
        }
        else if (labels.Length > 0 && labels[0] == "ca")
        {
            _continuous = true;
            _label = labels.Length == 2 ? Label(labels[1], out _value) : throw new EventException("found several labels behind 'ca'; expected one action:cost:density");
            AddFeatures(features, _context, table.Context);
        }
        else if (IsMultiline || labels.Length == 0)
        {
            AddAction(labels, features);
        }
        else
        {
            AddLabels(labels);
            // An event of several lines may have none that is shared; then its label's action is that of its line, written as 0.
            if (_label is { Action: -1 })
                AddAction(labels, features);
            else
                AddFeatures(features, _context, table.Context);
        }
    }

    void AddAction(string[] labels, ReadOnlySpan<byte> features)
    {
        IsMultiline = true;
        if (_features.Count >= MostActions)
            throw new EventException($"the event has more than {MostActions} actions; is an empty line missing behind it?");
        if (labels.Length == 1)
        {
            // The action is the line; the number in front of the cost says nothing.
            var label = Label(labels[0], out _);
            _label = _label is null or { Action: -1 } ? label with { Action = _features.Count } : throw new EventException("two actions have labels; expected one, the action taken");
        }
        else if (labels.Length > 1)
        {
            throw new EventException($"found {labels.Length} labels on the line of an action; expected at most one");
        }

        var vector = new float[table.Actions.Width];
        AddFeatures(features, vector, table.Actions);
        _features.Add(vector);
    }

    void AddLabels(string[] labels)
    {
        foreach (var label in labels)
        {
            if (label.Contains(':', StringComparison.Ordinal))
                _label = _label is null ? Label(label, out _) : throw new EventException($"two actions have costs ({string.Join(' ', labels)}); expected the one that was taken, as action:cost:probability");
            else if (int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var action) && action is >= 1 and <= MostActions)
                _bare.Add(action - 1);
            else
                throw new EventException($"label '{label}'; expected action:cost:probability with actions from 1 to {MostActions}");
        }

        if (_label is null)
            throw new EventException($"label '{string.Join(' ', labels)}' has no cost and probability; expected a contextual bandit's, action:cost:probability. Logs of supervised learning have no propensities to import");
    }

    /// <summary>action:cost:probability; the action from 0, or -1 where it is written as 0.</summary>
    (int Action, double Cost, double Probability) Label(string text, out double value)
    {
        var parts = text.Split(':');
        value = 0;
        if (parts.Length != 3 || !Number(parts[0], out value) || !Number(parts[1], out var cost) || !Number(parts[2], out var probability))
            throw new EventException($"label '{text}'; expected {(_continuous ? "action:cost:density" : "action:cost:probability")}");
        if (_continuous)
            return (0, cost, probability);
        return value is >= 0 and <= MostActions && value == Math.Floor(value)
            ? ((int)value - 1, cost, probability)
            : throw new EventException($"the action of label '{text}'; expected a whole number from 1 to {MostActions}");
    }

    static bool Number(string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    static void AddFeatures(ReadOnlySpan<byte> text, Span<float> vector, FeatureHasher hasher)
    {
        while (!text.IsEmpty)
        {
            // |namespace:weight name:value name …, and a space behind the bar where the namespace has no name.
            text = text[1..];
            var end = text.IndexOf((byte)'|');
            var part = end < 0 ? text : text[..end];
            text = end < 0 ? [] : text[end..];
            var weight = 1f;
            var space = 0u;
            if (!part.IsEmpty && part[0] is not ((byte)' ' or (byte)'\t'))
            {
                var name = Token(ref part);
                space = FeatureHasher.Namespace(Split(name, out weight));
            }

            for (var index = 0u; ; index++)
            {
                part = part.TrimStart(" \t"u8);
                if (part.IsEmpty)
                    break;
                var name = Split(Token(ref part), out var value);
                // A feature without a name has the number of its place.
                hasher.Add(vector, name.IsEmpty ? unchecked(space + index) : FeatureHasher.Hash(name, space), value * weight);
            }
        }
    }

    static ReadOnlySpan<byte> Token(ref ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAny((byte)' ', (byte)'\t');
        var token = end < 0 ? text : text[..end];
        text = end < 0 ? [] : text[end..];
        return token;
    }

    static ReadOnlySpan<byte> Split(ReadOnlySpan<byte> token, out float value)
    {
        value = 1;
        var colon = token.IndexOf((byte)':');
        if (colon < 0)
            return token;
        if (!Utf8Parser.TryParse(token[(colon + 1)..], out value, out var used) || used != token.Length - colon - 1 || !float.IsFinite(value))
            throw new EventException($"feature {CsvScreen.Shown(token)}; expected name, or name:number");
        return token[..colon];
    }
}
