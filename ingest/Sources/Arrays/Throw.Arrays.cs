using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Of files of arrays.</summary>
static partial class Throw
{
    public static string LeftOut(string path, string name, string? reason) =>
        $"{path}: the array '{name}' is left out: {reason ?? "it has not as many rows as there are steps"}";

    public static UserErrorException ArrayWidth(string path, ArrayInfo array, long most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: the array {array} has {array.Width} numbers a row; expected 1 to {most}."));

    public static UserErrorException ArraysDiffer(string first, IReadOnlyList<StagedColumn> columns, string other, IReadOnlyList<StagedColumn> others)
    {
        var found = others.Except(columns).Concat(columns.Except(others)).Take(5);
        return new($"{other}: its arrays differ from those of {first} in {string.Join(", ", found)}; expected the same names, types and shapes. Import files of different arrays one after the other.");
    }

    public static UserErrorException ColumnCount(string path, int count, int most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: found {count} arrays of steps; expected 1 to {most}."));

    public static UserErrorException ArrayTwice(string path, string name) =>
        new($"{path}: two arrays are called '{name}', or differ in case alone; expected each name once.");

    public static UserErrorException NoSteps(IReadOnlyList<string> paths) =>
        new($"source {string.Join(", ", paths.Take(5))}: no episode has a step; expected at least one.");

    public static UserErrorException NoArrays(string path) =>
        new($"{path}: it holds no array of steps; expected observations, actions, rewards and end flags, or the arrays that the map names.");

    public static UserErrorException LoneNumber(string path, ArrayInfo array) =>
        new($"{path}: '{array.Name}' is a lone number; expected an array with one row a step.");

    public static UserErrorException ArrayRows(string path, ArrayInfo array, ArrayInfo step) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: '{array.Name}' has {array.Rows} rows and '{step.Name}' {step.Rows}; expected as many, or one more for each trajectory, with 'indices' that say where trajectories begin."));

    public static UserErrorException Indices(string path, ArrayInfo indices, ArrayInfo observation, long rows) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: '{observation.Name}' has {observation.Rows} rows for {rows} steps, so there are {observation.Rows - rows} trajectories, and 'indices' is {indices}; expected {observation.Rows - rows - 1} whole numbers: the first step of each trajectory but the first."));

    public static UserErrorException IndexOrder(string path, int at, long found, long before, long rows) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: 'indices' has {found} at {at}; expected a step from {before} to {rows}."));

    public static UserErrorException EpisodeStarts(string path, long rows) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: 'metadata/episode_starts' does not rise from 0 to below {rows}, or the texts of the episodes are not as many; expected the first step of every episode."));

    public static UserErrorException FortranTooLarge(string path, ArrayInfo array, long most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: the array {array} is in Fortran order and larger than {most} bytes, so its rows cannot be streamed. Save it again after numpy.ascontiguousarray."));

    public static UserErrorException TextMatrix(string path, ArrayInfo array) =>
        new($"{path}: the array {array} holds several texts a row; expected one. Save it as several arrays, or leave it out of the file.");
}
