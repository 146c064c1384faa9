using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>How many of what an import met.</summary>
public sealed record ImportCounts
{
    public long Rows { get; set; }

    public long Episodes { get; set; }

    /// <summary>Episodes that were cut because a step's next observation was not the next row's observation.</summary>
    public long Cuts { get; set; }

    /// <summary>Episodes whose end flag was the time limit.</summary>
    public long TimeLimits { get; set; }

    /// <summary>Episodes that end since too much time passed before the next row.</summary>
    public long Gaps { get; set; }

    /// <summary>Episodes whose last row has no end flag: the log ends there.</summary>
    public long OpenEnds { get; set; }

    public long RejectedRows { get; set; }
}

/// <summary>Rows do not come episode by episode: they have to be sorted first.</summary>
sealed class OutOfOrderException : Exception;

/// <summary>Gathers rows into episodes and writes each as soon as it is whole.</summary>
/// <param name="plan">What rows hold.</param>
/// <param name="files">With their hashes.</param>
/// <param name="rows">Where rows stand.</param>
/// <param name="lookup">What stands there.</param>
/// <param name="inspector">Sees every episode first.</param>
/// <param name="environment">That was recorded.</param>
/// <param name="writer">Takes episodes and rejected rows.</param>
/// <param name="sorted">Whether the rows were sorted; if not, an episode that comes back is <see cref="OutOfOrderException"/>.</param>
sealed class EpisodeAssembler(
    ImportPlan plan, SourceHashes files, SourceRows rows, SourceLookup lookup, IEpisodeInspector inspector,
    EnvironmentIdentity? environment, DatasetWriter writer, bool sorted)
{
    readonly SourceEpisode _episode = new(plan);
    readonly SeenIds _seen = new();
    readonly InfoValues[] _info = new InfoValues[plan.InfoColumns.Count];
    byte[] _id = [];
    bool _open;
    double? _firstStep;
    int _session;
    bool _gap;
    (RowFault Fault, int Row)? _fault;

    public ImportCounts Counts { get; } = new();

    /// <exception cref="UserErrorException">A row cannot be taken and the map says to stop there.</exception>
    /// <exception cref="OutOfOrderException">Rows do not come episode by episode.</exception>
    public void Add(RowChunk chunk)
    {
        foreach (var (file, position) in chunk.Begins)
            rows.Begin(file, position);
        for (var row = 0; row < chunk.Rows;)
        {
            if (_open && IsAnother(chunk, row))
                Finish();
            if (!_open)
                Begin(chunk, row);
            var end = RunEnd(chunk, row);
            Counts.Rows += end - row;
            if (_fault is not null || !_episode.TryAddRun(chunk, row, end - row))
            {
                for (; row < end; row++)
                    AddOne(chunk, row);
            }

            row = end;
            if (plan.EachRow || (!plan.IdsAlone && _episode.Ended))
                Finish();
        }
    }

    /// <summary>Writes the episode that is open, if one is.</summary>
    public void Finish()
    {
        if (!_open)
            return;
        _open = false;
        if (_fault is null && _episode.Steps > 0 && inspector.Inspect(_episode) is { } found)
        {
            _fault = plan.Config.OnError switch
            {
                ErrorRule.Stop => throw Explain(found.Fault, _episode.Positions[found.Row]),
                ErrorRule.Reject => found,
                _ => null,
            };
        }

        if (_fault is { } fault)
            Reject(fault.Fault, fault.Row);
        else if (_episode.Steps > 0)
            Write();
        _firstStep ??= _fault is null ? _episode.FirstStep : null;
        (_fault, _gap) = (null, false);
    }

    /// <summary>Whether a row is not the open episode's.</summary>
    bool IsAnother(RowChunk chunk, int row)
    {
        if (plan.EpisodeId is { } id && !chunk[id].Bytes(row).SequenceEqual(_id))
            return true;
        if (plan.GapMicros is not { } gap || _episode.Times.IsEmpty || chunk[plan.Timestamp!].IsNull(row))
            return false;
        var passed = chunk[plan.Timestamp!].Time(row) - _episode.Times[^1];
        if (!sorted && passed < 0)
            throw new OutOfOrderException();
        return _gap = passed > gap;
    }

    void Begin(RowChunk chunk, int row)
    {
        string? name = null;
        if (plan.EpisodeId is { } id)
        {
            var same = chunk[id].Bytes(row).SequenceEqual(_id);
            if (!same)
            {
                _id = chunk[id].Bytes(row).ToArray();
                _session = 0;
            }

            name = chunk[id].Text(row);
            if (plan.GapMicros is not null && name is not null)
                name = FormattableString.Invariant($"{name}@{_session++}");
            if (!sorted && !plan.EachRow && !(same && plan.GapMicros is not null) && !_seen.Add(_id))
                throw new OutOfOrderException();
        }

        _episode.Begin(name, _firstStep);
        _open = true;
    }

    /// <summary>The first row from here on that may not be the same episode's.</summary>
    int RunEnd(RowChunk chunk, int row)
    {
        if (plan.EachRow)
            return row + 1;
        var end = plan.EpisodeId is { } id ? chunk[id].EndOfSame(row, chunk.Rows) : chunk.Rows;
        if (plan.IdsAlone)
            return end;
        for (var next = row; next < end; next++)
        {
            if (next > row && plan.GapMicros is { } gap && IsApart(next, gap))
                return next;
            if (Flag(plan.Terminated, next) || Flag(plan.Truncated, next) || Flag(plan.Done, next))
                return next + 1;
        }

        return end;

        // Times that go back are looked at by the one who takes the row.
        bool IsApart(int at, long gap) => (chunk[plan.Timestamp!].Time(at) - chunk[plan.Timestamp!].Time(at - 1)) is var passed && (passed > gap || passed < 0);

        bool Flag(ImportField? field, int at) => field is not null && chunk[field].Number(at) == 1;
    }

    void AddOne(RowChunk chunk, int row)
    {
        if (_fault is not null)
        {
            _episode.Skip(chunk, row);
            return;
        }

        var position = chunk.Position(row);
        if (_episode.Add(chunk, row) is not { } fault)
            return;
        if (!sorted && plan.Step is not null && fault.Breaks)
            throw new OutOfOrderException();
        if (plan.Config.OnError == ErrorRule.Stop)
            throw Explain(fault, position);
        inspector.Fault(fault, rows.Of(position));
        if (plan.Config.OnError == ErrorRule.Reject)
        {
            if (!fault.Breaks)
                _episode.Skip(chunk, row);
            _fault = (fault, _episode.Steps - 1);
        }
        else if (!fault.Breaks)
        {
            var at = rows.Of(position);
            writer.Reject(new RejectedRow(lookup.File(at.File), at.Row, fault.Column, Reason(fault) + Unkept(fault)));
            Counts.RejectedRows++;
        }
    }

    void Write()
    {
        var last = _episode.Steps - 1;
        var atLimit = _episode.Done[last] && plan.Config.TimeLimit == _episode.Steps;
        var terminated = _episode.Terminated[last] || (_episode.Done[last] && !atLimit) || (plan.EachRow && !plan.HasEnds);
        Counts.TimeLimits += atLimit ? 1 : 0;
        var open = !terminated && !atLimit && !_episode.Truncated[last];
        Counts.Gaps += open && _gap ? 1 : 0;
        Counts.OpenEnds += open && !_gap ? 1 : 0;

        var ends = _episode.PieceEnds();
        Counts.Cuts += ends.Count > 1 ? 1 : 0;
        Counts.Episodes += ends.Count;
        var first = 0;
        for (var piece = 0; piece < ends.Count; piece++)
        {
            var key = SourceKey() + (ends.Count > 1 ? $"#{piece}" : "");
            var file = files[rows.Of(_episode.Positions[first]).File].Path;
            var columns = _episode.ToColumns(first, ends[piece], terminated && piece == ends.Count - 1, key, environment, file, _info);
            if (plan.Config.EpisodeKey == EpisodeKeyRule.Content)
                columns = columns with { Key = ContentKey(columns) };
            writer.WriteEpisode(columns);
            first = ends[piece] + 1;
        }
    }

    string SourceKey()
    {
        var at = rows.Of(_episode.Positions[0]);
        var id = _episode.Id ?? FormattableString.Invariant($"row{at.Row}");
        return plan.Config.EpisodeKey == EpisodeKeyRule.Given ? id : $"{files[at.File].Sha256[..32]}:{id}";
    }

    static string ContentKey(in EpisodeColumns e)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{e.BehaviorPolicy}\n{e.Environment}\n{e.Terminated}\n"));
        hash.AppendData(MemoryMarshal.AsBytes(e.Observations));
        hash.AppendData(e.ObservationBytes);
        hash.AppendData(MemoryMarshal.AsBytes(e.DiscreteActions));
        hash.AppendData(MemoryMarshal.AsBytes(e.ContinuousActions));
        hash.AppendData(MemoryMarshal.AsBytes(e.Rewards));
        hash.AppendData(MemoryMarshal.AsBytes(e.FinalObservation));
        hash.AppendData(e.FinalObservationBytes);
        hash.AppendData(MemoryMarshal.AsBytes(e.TimestampMicros));
        return "content:" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    void Reject(RowFault fault, int faulty)
    {
        var at = rows.Of(_episode.Positions[faulty]);
        var place = FormattableString.Invariant($"{lookup.File(at.File)}, row {at.Row}");
        for (var i = 0; i < _episode.Steps; i++)
        {
            var (file, row) = rows.Of(_episode.Positions[i]);
            writer.Reject(i == faulty
                ? new RejectedRow(lookup.File(file), row, fault.Column, Reason(fault))
                : new RejectedRow(lookup.File(file), row, null, $"its episode holds a row that cannot be taken: {place}"));
        }

        Counts.RejectedRows += _episode.Steps;
    }

    static string Reason(RowFault fault) => fault.Found is null ? $"expected {fault.Expected}" : $"found {fault.Found}; expected {fault.Expected}";

    // What a reader who asked for rows to be kept wonders about.
    static string Unkept(RowFault fault) => fault.Check == Checks.ActionMask.Name || fault.Check == Checks.Probabilities.Name
        ? "; the row cannot be kept without it: the steps of an episode have it all together, or not at all"
        : "";

    UserErrorException Explain(RowFault fault, long position)
    {
        var at = rows.Of(position);
        var raw = fault.Found ?? (lookup.Raw(fault.Column, position) is { } text ? $"'{text}'" : "nothing");
        return Throw.BadRow(lookup.File(at.File), at.Row, fault.Column, raw, fault.Expected);
    }
}
