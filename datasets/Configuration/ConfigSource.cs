namespace OfflineRL.Datasets;

/// <summary>Where keys and values come from, by which they are read.</summary>
enum ConfigSource
{
    /// <summary>A file that somebody wrote: an unknown key is an error.</summary>
    File,

    /// <summary>A <c>--set</c>: the same, and one key of a dictionary keeps the others.</summary>
    Override,

    /// <summary>A file that this tool wrote, maybe another version of it: keys that are not known are left out.</summary>
    Stored,
}
