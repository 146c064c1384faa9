namespace OfflineRL.Ingest;

/// <summary>What a dataset is written as; the value's name in kebab case is what <c>--format</c> takes.</summary>
public enum ExportFormat
{
    /// <summary>Flat columns and a header; gzipped where the name ends in <c>.gz</c>.</summary>
    Csv,

    /// <summary>One JSON object a step; gzipped where the name ends in <c>.gz</c>.</summary>
    Jsonl,

    /// <summary>NumPy arrays under D4RL's names.</summary>
    Npz,

    /// <summary>A folder in Minari's layout.</summary>
    MinariHdf5,

    /// <summary>HDF5 under D4RL's names.</summary>
    D4rlHdf5,
}
