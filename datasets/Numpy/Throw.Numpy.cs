using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>Of NumPy's files.</summary>
static partial class Throw
{
    /// <summary>In the data of an error: the array is whole, and its type is none that is read.</summary>
    public const string TypeNotRead = "type_not_read";

    const string SaveAgain = "save it again with numpy.savez";

    public static UserErrorException NotNpy(string source) =>
        new($"{source} is not a .npy file of version 1.0 to 3.0.");

    public static UserErrorException NpyHeader(string source, string what) =>
        new($"{source}: the header {what}; expected {{'descr': TYPE, 'fortran_order': True or False, 'shape': (SIZES), }}.");

    public static UserErrorException NpyStructured(string source) =>
        new($"{source} is a structured array; only arrays of plain numbers are read: {SaveAgain}, one array a field.") { Data = { [TypeNotRead] = true } };

    public static UserErrorException NpyTypeNotRead(string source, string type) => new(type.Contains('O', StringComparison.Ordinal)
        ? $"{source} is an object array: a pickle, which can run code as it is read, so it never is; {SaveAgain} as an array of numbers (array.astype(numpy.float64))."
        : $"{source} has elements of type '{type}'; b1, i1 to i8, u1 to u8, f2, f4, f8, U and S are read: convert it with array.astype and {SaveAgain}.") { Data = { [TypeNotRead] = true } };

    public static UserErrorException NpyLength(string source, NpyHeader header, long length) =>
        new(string.Create(CultureInfo.InvariantCulture,
            $"{source} has {length} bytes; expected {header.Bytes} and those of {header}. It is truncated or damaged: copy it again, or {SaveAgain}."));

    public static UserErrorException NpyMissing(string path) => new($"'{path}' does not exist.");

    public static UserErrorException NpzUnreadable(string source, string reason) =>
        new($"{source} cannot be read: {reason.TrimEnd('.')}. It is truncated or damaged: copy it again, or {SaveAgain}.");

    public static UserErrorException NpzNoArray(string path, string name, IReadOnlyCollection<string> known) =>
        new($"'{path}' has no array '{name}'.{NearestName.Hint(name, known)}");

    public static UserErrorException NpzTooLarge(string source, string what, long bytes, long most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{source} is {what}, {bytes} bytes in memory; at most {most} are read at once."));

    public static UserErrorException NpzKind(string source, NpyType type, string wanted) =>
        new($"{source} has elements of type '{type}'; expected {wanted}.");

    public static UserErrorException NpzValue(string source, long index, string value, string wanted) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{source}: element {index} (in the order of the file) is {value}; expected {wanted}."));

    public static UserErrorException NpzFortranRows(string source) =>
        new($"{source} is stored in Fortran order, so its rows do not lie together and cannot be streamed; {SaveAgain} after numpy.ascontiguousarray, or read it whole.");
}
