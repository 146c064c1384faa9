using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

static partial class Throw
{
    public static UserErrorException LogLine(long line, string fault) =>
        new($"line {line}: {fault.TrimEnd('.')}. The line was left out.");

    public static UserErrorException CompactVersion(string name) =>
        new($"'{name}' names one version, and each compaction writes the next one; expected a plain name.");

    public static UserErrorException CompactRuns(string log) =>
        new($"The log '{log}' is being compacted by another process; wait until it is done.");

    public static UserErrorException CompactOvertaken(string name) =>
        new($"Another process wrote '{name}' meanwhile, and this one would lack its episodes; nothing was changed. Run the same command again.");

    public static UserErrorException OtherParent(string parent, string log) =>
        new($"The newest version '{parent}' has other spaces, propensities or columns than the log '{log}', so that one dataset cannot hold both. Choose another --name, or set --only-new.");

    public static UserErrorException DamagedSegment(string log, IReadOnlyList<string> files, DuckDbException e) =>
        new($"The log '{log}' cannot be read: {e.Message.Split('\n')[0].TrimEnd('.')}. Among {string.Join(", ", files.Take(20).Select(Path.GetFileName))}, is a segment damaged? " +
            "Move it out of the folder, and compact again: episodes that lack its steps are cut there.", e);
}
