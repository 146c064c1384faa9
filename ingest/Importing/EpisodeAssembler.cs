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

    /// <summary>Episodes whose last row has no end flag: the log ends there.</summary>
    public long OpenEnds { get; set; }

    public long RejectedRows { get; set; }
}

/// <summary>Gathers rows into episodes and writes each as soon as it is whole.</summary>
sealed class EpisodeAssembler(ImportPlan plan, IReadOnlyList<SourceFile> files, SourceLookup lookup, EnvironmentIdentity? environment, DatasetWriter writer)
{
    EpisodeRows? _rows;
    string? _id;
    double? _firstStep;
    (RowFault Fault, int Row)? _fault;

    public ImportCounts Counts { get; } = new();

    /// <exception cref="UserErrorException">A row cannot be taken and the map says to stop there.</exception>
    public void Add(RowChunk chunk)
    {
        for (var row = 0; row < chunk.Rows; row++)
        {
            if (plan.EpisodeId is { } field)
            {
                var id = chunk[field].Text(row);
                if (id != _id)
                    Finish();
                _id = id;
            }

            _rows ??= new EpisodeRows(plan, _firstStep);
            Counts.Rows++;
            if (_rows.Add(chunk, row) is { } fault)
                _fault ??= plan.Config.OnError == ErrorRule.Reject ? (fault, _rows.Sources.Count - 1) : throw Explain(fault, _rows.Sources[^1]);
            if (plan.EpisodeId is null && _rows.Ended)
                Finish();
        }
    }

    /// <summary>Writes the episode that is open, if one is.</summary>
    public void Finish()
    {
        if (_rows is null)
            return;
        if (_fault is { } fault)
            Reject(_rows, fault.Fault, fault.Row);
        else
            Write(_rows);
        _firstStep ??= _fault is null ? _rows.FirstStep : null;
        (_rows, _fault) = (null, null);
    }

    void Write(EpisodeRows rows)
    {
        var atLimit = rows.Done && plan.Config.TimeLimit == rows.Steps;
        var terminated = rows.Terminated || (rows.Done && !atLimit);
        Counts.TimeLimits += atLimit ? 1 : 0;
        Counts.OpenEnds += rows.Ended ? 0 : 1;

        var ends = rows.PieceEnds();
        Counts.Cuts += ends.Count > 1 ? 1 : 0;
        Counts.Episodes += ends.Count;
        var info = new InfoValues[plan.InfoColumns.Count];
        var first = 0;
        for (var piece = 0; piece < ends.Count; piece++)
        {
            var key = SourceKey(rows) + (ends.Count > 1 ? $"#{piece}" : "");
            var file = files[rows.Sources[first].File].Path;
            var columns = rows.ToColumns(first, ends[piece], terminated && piece == ends.Count - 1, key, rows.BehaviorPolicy ?? plan.Config.BehaviorPolicy, environment, file, info);
            if (plan.Config.EpisodeKey == EpisodeKeyRule.Content)
                columns = columns with { Key = ContentKey(columns) };
            writer.WriteEpisode(columns);
            first = ends[piece] + 1;
        }
    }

    string SourceKey(EpisodeRows rows)
    {
        var (position, file) = rows.Sources[0];
        var id = _id ?? FormattableString.Invariant($"row{lookup.Row(position, file)}");
        if (plan.Config.EpisodeKey == EpisodeKeyRule.Given)
            return id;
        return $"{files[file].Sha256[..32]}:{id}";
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

    void Reject(EpisodeRows rows, RowFault fault, int faulty)
    {
        var at = rows.Sources[faulty];
        var place = FormattableString.Invariant($"{lookup.File(at.File)}, row {lookup.Row(at.Position, at.File)}");
        for (var i = 0; i < rows.Sources.Count; i++)
        {
            var (position, file) = rows.Sources[i];
            writer.Reject(i == faulty
                ? new RejectedRow(lookup.File(file), lookup.Row(position, file), fault.Column, fault.Found is null ? $"expected {fault.Expected}" : $"found {fault.Found}; expected {fault.Expected}")
                : new RejectedRow(lookup.File(file), lookup.Row(position, file), null, $"its episode holds a row that cannot be taken: {place}"));
        }

        Counts.RejectedRows += rows.Sources.Count;
    }

    UserErrorException Explain(RowFault fault, (long Position, int File) at)
    {
        var raw = fault.Found ?? (lookup.Raw(fault.Column, at.Position) is { } text ? $"'{text}'" : "nothing");
        return Throw.BadRow(lookup.File(at.File), lookup.Row(at.Position, at.File), fault.Column, raw, fault.Expected);
    }
}
