namespace OfflineRL.Ingest;

/// <summary>What source files are; the value's name in snake case is what <c>format</c> takes.</summary>
public enum SourceFormat
{
    /// <summary>By the files' content.</summary>
    Auto,
    Csv,
    Tsv,
    Json,

    /// <summary>NPZ archives and folders of NPY files.</summary>
    Numpy,

    /// <summary>HDF5 in D4RL's, Minari's or d3rlpy's layout.</summary>
    Hdf5,

    /// <summary>Gzipped NPY shards of a replay buffer, as of the DQN replay dataset.</summary>
    DqnReplay,
    Parquet,
    Rllib,
    OpenBandit,
    Vw,
    Dsjson,
}
