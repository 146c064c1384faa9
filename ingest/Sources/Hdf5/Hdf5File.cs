using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>
/// An HDF5 file as named arrays. It is taken as hostile: links to other files are not followed, data that lies in other files
/// is refused, and sizes are compared with what is stored before anything is allocated.
/// </summary>
sealed unsafe class Hdf5File : IArrayFile
{
    const int MostDepth = 6, MostArrays = 20_000, MostText = 1 << 24;

    readonly H5Id _file;
    readonly Dictionary<string, ArrayInfo> _known = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);
    List<ArrayInfo>? _arrays;

    public Hdf5File(string path)
    {
        NativeMethods.EnsureLoaded();
        Path = path;
        const uint ReadOnly = 0;
        _file = new H5Id(NativeMethods.OpenFile(path, ReadOnly, H5.Default));
        if (!_file.IsValid)
            throw Throw.NotHdf5(path);
        try
        {
            var elsewhere = new List<string>();
            Root = H5.Names(_file, elsewhere);
            foreach (var name in elsewhere)
                _refused[name] = Throw.LinkElsewhere(path, name);
        }
        catch (InvalidDataException e)
        {
            Dispose();
            throw Throw.DamagedHdf5(path, "/", e.Message);
        }
    }

    public string Path { get; }

    /// <summary>Names at the root.</summary>
    public IReadOnlyList<string> Root { get; }

    /// <summary>Every array of the file, with the groups it lies in. Metadata that is no array of numbers or texts is in <see cref="Refused"/>.</summary>
    public IReadOnlyList<ArrayInfo> Arrays => _arrays ??= Below("");

    public IReadOnlyDictionary<string, string> Refused => _refused;

    /// <summary>The arrays below a group (empty: the root), depth first.</summary>
    /// <exception cref="UserErrorException">The group is damaged, or holds more than is believed.</exception>
    public List<ArrayInfo> Below(string group)
    {
        var arrays = new List<ArrayInfo>();
        Walk(group, arrays, 0);
        return arrays;
    }

    public ArrayReader Open(string name) => new Hdf5Reader(this, _file, Describe(name));

    /// <summary>Whether something of that path is there, by links within this file alone.</summary>
    public bool Contains(string name)
    {
        using var found = new H5Id(NativeMethods.OpenObject(_file, name, H5.Default));
        return found.IsValid;
    }

    /// <summary>A text that stands at an object, or at the file where the path is empty; null: there is none.</summary>
    public string? Attribute(string path, string name)
    {
        using var at = new H5Id(NativeMethods.OpenObject(_file, path.Length == 0 ? "/" : path, H5.Default));
        if (!at.IsValid || NativeMethods.HasAttribute(at, name) <= 0)
            return null;
        using var attribute = new H5Id(NativeMethods.OpenAttribute(at, name, H5.Default));
        using var type = new H5Id(NativeMethods.TypeOfAttribute(attribute));
        using var space = new H5Id(NativeMethods.SpaceOfAttribute(attribute));
        if (!attribute.IsValid || NativeMethods.ClassOf(type) != H5.Text || NativeMethods.SpaceKind(space) != H5.Scalar)
            return null;
        if (NativeMethods.IsVariableText(type) > 0)
        {
            nint pointer = 0;
            using var memory = H5.VariableText();
            _ = NativeMethods.SetEncoding(memory, NativeMethods.EncodingOf(type));
            if (NativeMethods.ReadAttribute(attribute, memory, &pointer) < 0)
                return null;
            return Hdf5Reader.Take(pointer);
        }

        var size = (long)NativeMethods.SizeOf(type);
        if (size is < 1 or > MostText)
            return null;
        var bytes = new byte[size];
        fixed (byte* to = bytes)
            return NativeMethods.ReadAttribute(attribute, type, to) < 0 ? null : Encoding.UTF8.GetString(bytes).TrimEnd('\0');
    }

    /// <summary>What an array is.</summary>
    /// <exception cref="UserErrorException">It is none, or none that can be read.</exception>
    public ArrayInfo Describe(string name)
    {
        if (_known.TryGetValue(name, out var known))
            return known;
        var (info, reason) = Look(name);
        return info ?? throw new UserErrorException(reason!);
    }

    public void Dispose() => _file.Dispose();

    void Walk(string group, List<ArrayInfo> arrays, int depth)
    {
        var path = group.Length == 0 ? "/" : group;
        if (depth > MostDepth)
            throw Throw.DamagedHdf5(Path, path, $"groups lie in groups more than {MostDepth} deep");
        List<string> names;
        var elsewhere = new List<string>();
        try
        {
            using var opened = new H5Id(NativeMethods.OpenObject(_file, path, H5.Default));
            if (!opened.IsValid || NativeMethods.TypeOfObject(opened) != H5.Group)
                throw Throw.DamagedHdf5(Path, path, "it is no group that can be opened");
            names = H5.Names(opened, elsewhere);
        }
        catch (InvalidDataException e)
        {
            throw Throw.DamagedHdf5(Path, path, e.Message);
        }

        foreach (var name in elsewhere)
            _refused[Join(group, name)] = Throw.LinkElsewhere(Path, Join(group, name));
        foreach (var name in names)
        {
            var full = Join(group, name);
            if (KindOf(full) == H5.Group)
            {
                Walk(full, arrays, depth + 1);
                continue;
            }

            var (info, reason) = Look(full);
            if (info is null)
                _refused[full] = reason!;
            else
                arrays.Add(info);
            if (arrays.Count > MostArrays)
                throw Throw.DamagedHdf5(Path, path, $"it holds more than {MostArrays} arrays in one table");
        }
    }

    int KindOf(string name)
    {
        using var opened = new H5Id(NativeMethods.OpenObject(_file, name, H5.Default));
        return opened.IsValid ? NativeMethods.TypeOfObject(opened) : throw Throw.DamagedHdf5(Path, name, "it cannot be opened");
    }

    (ArrayInfo? Info, string? Reason) Look(string name)
    {
        using var data = new H5Id(NativeMethods.OpenData(_file, name, H5.Default));
        if (!data.IsValid)
            throw Throw.DamagedHdf5(Path, name, Contains(name) ? "it is no array that can be opened" : "it is not there");
        using var space = new H5Id(NativeMethods.SpaceOf(data));
        using var type = new H5Id(NativeMethods.TypeOf(data));
        using var creation = new H5Id(NativeMethods.CreationOf(data));
        if (!space.IsValid || !type.IsValid || !creation.IsValid)
            throw Throw.DamagedHdf5(Path, name, "its type or shape cannot be read");
        if (NativeMethods.ExternalCount(creation) > 0 || NativeMethods.Layout(creation) == H5.Virtual)
            return (null, Throw.DataElsewhere(Path, name));
        if (KindOf(type) is not { } kind)
            return (null, Throw.TypeNotRead(Path, name));
        if (NativeMethods.SpaceKind(space) is not (H5.Scalar or H5.Simple) || Shape(space) is not { } shape)
            return (null, Throw.ShapeNotRead(Path, name));
        var info = new ArrayInfo(name, kind, shape);
        RequireStored(info, (long)NativeMethods.SizeOf(type), NativeMethods.StorageSize(data));
        _known[name] = info;
        return (info, null);
    }

    static ArrayKind? KindOf(long type)
    {
        var size = (int)Math.Min(int.MaxValue, NativeMethods.SizeOf(type));
        return NativeMethods.ClassOf(type) switch
        {
            H5.Integer when size is 1 && NativeMethods.SignOf(type) == 0 => ArrayKind.Bytes,
            H5.Integer when size is 1 or 2 or 4 or 8 => ArrayKind.Integer,
            H5.Float when size is 2 or 4 => ArrayKind.Single,
            H5.Float when size is 8 => ArrayKind.Double,
            // h5py stores booleans as an enumeration of one byte.
            H5.Enum when size is 1 => ArrayKind.Boolean,
            H5.Text when size <= MostText => ArrayKind.Text,
            _ => null,
        };
    }

    static List<long>? Shape(long space)
    {
        const int MostRank = 32;
        var rank = NativeMethods.Rank(space);
        if (rank is < 0 or > MostRank)
            return null;
        var sizes = stackalloc ulong[MostRank];
        if (rank > 0 && NativeMethods.Sizes(space, sizes, null) < 0)
            return null;
        var shape = new List<long>();
        Int128 product = 1;
        for (var i = 0; i < rank; i++)
        {
            product *= sizes[i];
            if (sizes[i] > long.MaxValue || product > long.MaxValue)
                return null;
            shape.Add((long)sizes[i]);
        }

        return shape;
    }

    // What no filter can pack that small was never written: the rest would be made up by the library.
    void RequireStored(ArrayInfo info, long elementBytes, ulong stored)
    {
        const long MostRatio = 1032;
        var promised = info.Shape.Aggregate((Int128)elementBytes, (product, size) => product * size);
        if (promised > (Int128)stored * MostRatio)
            throw Throw.NotStored(Path, info, stored);
    }

    static string Join(string group, string name) => group.Length == 0 ? name : $"{group}/{name}";
}
