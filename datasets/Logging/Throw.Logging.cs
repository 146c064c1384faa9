namespace OfflineRL.Datasets;

static partial class Throw
{
    public static UserErrorException NoLog(string folder) =>
        new($"'{folder}' holds no log: it has no log.json. Name the folder that the application gave to TrajectoryLogger.Open.");

    public static UserErrorException LogVersion(string path, int found) =>
        new($"'{path}' has log version {found}; this tool reads version {OfflineRL.Datasets.LogManifest.CurrentVersion}. Use the version of the library that wrote it.");

    public static UserErrorException LogManifest(string path, IEnumerable<string> faults) =>
        new($"'{path}' does not hold together: {string.Join("; ", faults.DefaultIfEmpty("its id or session cannot be"))}.");

    public static UserErrorException LogIsOpen(string folder) =>
        new($"The log '{folder}' is being written by another process, and one writes at a time. Give this one a folder of its own; several logs can be compacted into one dataset.");

    public static UserErrorException OtherLog(string folder, string what, object? found, object? expected) =>
        new($"The log '{folder}' was begun with {what} {expected ?? "none"}, and is opened with {found ?? "none"}. Begin a log in another folder.");

    public static UserErrorException LoggerOptions(IEnumerable<string> faults) => new($"The logger's options: {string.Join("; ", faults)}.");

    public static UserErrorException LoggedInfo() =>
        new("The log's description has passed-through columns or features of actions, and a log has neither. Leave InfoColumns and ActionFeatures out.");

    public static UserErrorException BadStep(string episode, int step, string column, string found, string expected) =>
        new($"Episode '{episode}', step {step}: {column} {found}; {expected}. The step was not logged.");

    public static UserErrorException EpisodeEnded(string episode) =>
        new($"Episode '{episode}' has ended: nothing can be appended to it. Begin another one.");

    public static UserErrorException NoEpisodeOpen(string episode) =>
        new($"There is no open episode '{episode}' to end. Was a step of it appended in this process?");

    public static UserErrorException UnwrittenSteps(string folder, long rows, Exception? inner) =>
        new($"The log '{folder}' was closed with {rows} rows that could not be written: {inner?.Message}", inner);
}
