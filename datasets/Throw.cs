namespace OfflineRL.Datasets;

/// <summary>The messages that several places of this project share.</summary>
static partial class Throw
{
    public static UserErrorException NotAByte(float value, int index, Space observations) =>
        new(FormattableString.Invariant($"The environment gave the observation {value} at index {index}; its space, {observations}, has whole numbers from 0 to 255."));

    public static UserErrorException Exists(string path) =>
        new($"'{path}' exists already, and what is committed is never written again; choose another name, or delete it first.");

    public static UserErrorException FileExists(string path) =>
        new($"'{path}' exists already; name another file, or replace it with --force.");

    public static UserErrorException SpaceMismatch(string policy, string what, Space found, Space expected, string where) =>
        new($"The policy {policy} has {what} of {found}; {where} has {expected}. Use it where it fits.");

    public static UserErrorException NoEpisode(string dataset, long episode, long episodes) =>
        new($"The dataset '{dataset}' has no episode {episode}; it has {episodes}, numbered 0 to {episodes - 1}.");

    public static UserErrorException VersionExists(string fullName, string name) =>
        new($"The dataset '{fullName}' exists already, and a version that exists is never written again; " +
            $"write '{name}' to get its next version, or choose another name.");

    public static UserErrorException Unreadable(string file, string reason) =>
        new($"'{file}' cannot be read as Parquet: {reason.TrimEnd('.')}. It may be truncated or damaged; 'offlinerl datasets check' " +
            "compares a dataset's files with its manifest. Copy the dataset again, or make it again from its sources.");

    public static UserErrorException Damaged(string dataset, string reason) =>
        new($"The dataset '{dataset}' does not hold what its manifest says: {reason}. 'offlinerl datasets check' lists every finding; " +
            "copy the dataset again, or make it again from its sources.");

    public static UserErrorException ChangedColumns(string folder, string fault) =>
        new($"The columns in '{folder}' were changed after they were made: {fault}. Delete the folder; where the dataset is, it is made again.");

    public static UserErrorException CannotWrite(string folder, Exception inner) =>
        new($"Cannot write in '{folder}': {inner.Message}", inner);

    public static UserErrorException GrewTooLarge(DatasetDescription description, long capacity, long steps) =>
        new($"The recording in {description.Environment?.Id ?? "an environment"} came to {steps:N0} steps, and there is room for {capacity:N0}; end it here, or start it with more.");

    public static UserErrorException MergeDiffers(string other, string what, object found, string first, object expected) =>
        new($"The dataset '{other}' has {what} {found}; '{first}' has {expected}. Datasets that are merged have the same.");

    public static UserErrorException GrowsIntoVersions(string name) =>
        new($"'{name}' names one version, and a dataset that grows is stored as several; expected a plain name.");
}
