using System.Text.Json;
using System.Text.Json.Serialization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What the process that decodes is told, in one line.</summary>
/// <param name="Format">Of the files.</param>
/// <param name="Paths">The files, in order.</param>
/// <param name="Folder">Gets the staged files.</param>
/// <param name="Config">The import's config, as YAML.</param>
/// <param name="MemoryBytes">The most memory it may take.</param>
/// <param name="CpuSeconds">The most processor time.</param>
sealed record DecodeOrder(SourceFormat Format, IReadOnlyList<string> Paths, string Folder, string Config, long MemoryBytes, int CpuSeconds);

/// <summary>What it says, one line each; one of the members is set.</summary>
sealed record DecodeReport
{
    public long? Rows { get; init; }

    /// <summary>For the dataset's notes.</summary>
    public string? Note { get; init; }

    public RejectedRow? Reject { get; init; }

    public EmptyEpisode? Empty { get; init; }

    /// <summary>What is wrong with the files: the last line.</summary>
    public string? Error { get; init; }

    /// <summary>All is decoded: the last line.</summary>
    public DecodeResult? Done { get; init; }

    public static JsonSerializerOptions Json { get; } = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}

/// <summary>The staged files and what their columns mean.</summary>
/// <param name="Columns">Of the staged files.</param>
/// <param name="Parts">The staged files, in order.</param>
/// <param name="Map">The format's own map, as YAML.</param>
sealed record DecodeResult(IReadOnlyList<StagedColumn> Columns, IReadOnlyList<string> Parts, string Map);
