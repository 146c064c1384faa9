namespace OfflineRL.Ingest;

/// <summary>What source files are; the value's name in snake case is what <c>format</c> takes.</summary>
public enum SourceFormat
{
    /// <summary>By the files' content.</summary>
    Auto,
    Csv,
    Tsv,
    Json,
    Parquet,
    Rllib,
    OpenBandit,
    Vw,
    Dsjson,
}
