using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Of HDF5 files, and of the process that decodes them.</summary>
static partial class Throw
{
    public static UserErrorException NoHdf5(string? named) => new(string.IsNullOrEmpty(named)
        ? "The HDF5 library was not found. Install it (Debian: apt-get install libhdf5-dev), or let HDF5 name libhdf5.so."
        : $"HDF5 names '{named}', which cannot be loaded as a library; expected libhdf5.so.");

    public static UserErrorException OldHdf5(string version) =>
        new($"The HDF5 library found is {version}; 1.10 or newer is needed. Let HDF5 name a newer libhdf5.so.");

    public static UserErrorException NotHdf5(string path) =>
        new($"{path}: the HDF5 library cannot open it. It is truncated or damaged: copy it again.");

    public static UserErrorException DamagedHdf5(string path, string name, string what) =>
        new($"{path}, '{name}': {what.TrimEnd('.')}. The file is damaged, or not of a layout that is known: D4RL's, Minari's, d3rlpy's.");

    public static string LinkElsewhere(string path, string name) =>
        $"{path}, '{name}' is a link by name or into another file, which is not followed. Store the array itself.";

    public static string DataElsewhere(string path, string name) =>
        $"{path}, '{name}' keeps its data in another file, which is not read. Store the array itself.";

    public static string TypeNotRead(string path, string name) =>
        $"{path}, '{name}' holds no plain numbers, flags or texts (records, references, opaque data and arrays of varying length, such as JPEG images, are not read). Store it as an array of numbers.";

    public static string ShapeNotRead(string path, string name) =>
        $"{path}, '{name}' has no shape, or one larger than 2^63 elements.";

    public static UserErrorException NotStored(string path, ArrayInfo info, ulong stored) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: the array {info} is there by {stored} stored bytes, fewer than it can be packed into. The file was not written to its end, or is damaged."));

    public static UserErrorException TypeWanted(string path, ArrayInfo info, string wanted) =>
        new($"{path}: the array {info} does not hold what is wanted of it: {wanted}.");

    public static UserErrorException EpisodePart(string path, string name, string expected) =>
        new($"{path}: '{name}' is missing, or cannot be read; expected {expected}.");

    public static UserErrorException EpisodeRows(string path, ArrayInfo found, long expected, string why) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: the array {found} has {found.Rows} rows; expected {expected}: {why}."));

    public static UserErrorException MixedSpaces(string path, ArrayInfo found) =>
        new($"{path}: the array {found} is an image, or a text, among the parts of a nested space; only parts of numbers are put side by side. Name one part in observation (such as observation: ['{found.Name}']) instead.");

    public static UserErrorException JpegImages(string path, ArrayInfo found, string space) =>
        new($"{path}: the array {found} is not of the space's shape ({space}): JPEG-encoded images are not decoded. Write the dataset with jpeg_encoding=False.");

    public static UserErrorException BadSpace(string path, string key, string reason) =>
        new($"{path}: {key} is no space that is read: {reason}. Box and Discrete spaces are, and Dict and Tuple of them.");

    public static UserErrorException NoTool() =>
        new("The program 'offlinerl' was not found beside this one; files of this format are decoded in a process of it. Install the tool whole.");

    public static UserErrorException DecoderDied(IReadOnlyList<string> paths, string how, string output) =>
        new($"{string.Join(", ", paths.Take(3))}{(paths.Count > 3 ? ", …" : "")}: the process that decodes it {how}. The file is damaged or was made to do harm; copy it again. Larger limits: OFFLINERL_DECODE_MEMORY (MiB), OFFLINERL_DECODE_SECONDS.{(output.Length > 0 ? $" It said: {output}" : "")}");
}
