using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>An array of a file, known without its data having been read.</summary>
/// <param name="Name">As numpy.savez was given it; of a lone <c>.npy</c> the file's name without its ending.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes; none: one number.</param>
/// <param name="FortranOrder">Whether the first index runs fastest in the file. Arrays are handed out in C order whatever this says.</param>
public sealed record NpzEntry(string Name, NpyType Type, IReadOnlyList<long> Shape, bool FortranOrder)
{
    /// <summary>Elements.</summary>
    public long Count { get; } = Shape.Contains(0) ? 0 : Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>First size; 1 for a lone number.</summary>
    public long Rows => Shape.Count == 0 ? 1 : Shape[0];

    /// <summary>For example <c>tx_mat: &lt;f8 (716, 25, 716)</c>.</summary>
    public override string ToString() => $"{Name}: {Type} ({string.Join(", ", Shape)})";
}

/// <summary>
/// NumPy's arrays in a <c>.npz</c> (numpy.savez, numpy.savez_compressed) or a <c>.npy</c> file, read-only.
/// </summary>
/// <remarks>
/// The file is taken as hostile: sizes are checked against each other, against what deflate can hold and against
/// a limit before anything is allocated; checksums are compared; objects (pickles) are refused.
/// Numbers are converted exactly or refused with the element named: integers and booleans to float where the float holds
/// them, floats to integers where they are whole, 0 and 1 to booleans. Only float64 to float32 rounds, to nearest.
/// Not thread-safe: give each thread its own.
/// </remarks>
public sealed class NpzFile : IDisposable
{
    /// <summary>The most bytes of memory that one array may take where the caller sets no limit, 4 GiB.</summary>
    public const long DefaultMostBytes = 4L << 30;

    // Deflate turns at best 258 bytes into 2 bits.
    const long MostDeflateRatio = 1032;
    const int MostArrays = 100_000;

    readonly FileStream _file;
    readonly ZipArchive? _archive;
    readonly long _mostBytes;
    readonly bool _leaveOut;
    readonly List<NpzEntry> _entries = [];
    readonly Dictionary<string, string> _leftOut = new(StringComparer.Ordinal);
    readonly Dictionary<string, (NpzEntry Entry, ZipArchiveEntry? Member)> _byName = new(StringComparer.Ordinal);

    NpzFile(string path, long mostBytes, bool leaveOut)
    {
        Path = path;
        _mostBytes = mostBytes;
        _leaveOut = leaveOut;
        try
        {
            _file = File.OpenRead(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Throw.NpyMissing(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Throw.NpzUnreadable($"'{path}'", e.Message);
        }

        try
        {
            Span<byte> start = stackalloc byte[4];
            var read = _file.ReadAtLeast(start, 4, throwOnEndOfStream: false);
            _file.Position = 0;
            if (read == 4 && start[..2].SequenceEqual("PK"u8))
            {
                _archive = Guard($"'{path}'", () => new ZipArchive(_file, ZipArchiveMode.Read, leaveOpen: true));
                List(_archive);
            }
            else
            {
                var name = System.IO.Path.GetFileNameWithoutExtension(path);
                if (HeaderOf(name, () => NpyHeader.Read(_file, _file.Length, $"'{path}'")) is { } header)
                    Add(name, header, null);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Every array, in the order of the file.</summary>
    public IReadOnlyList<NpzEntry> Entries => _entries;

    /// <summary>Opens a file and lists its arrays; no data is read.</summary>
    /// <param name="path">A <c>.npz</c> or <c>.npy</c> file; the contents say which.</param>
    /// <param name="mostBytes">The most memory that an array read whole may take.</param>
    /// <param name="leaveOut">Whether arrays of types that are not read, such as objects, go to <see cref="LeftOut"/> instead of refusing the file.</param>
    /// <exception cref="UserErrorException">The file is missing, damaged, or holds an array that cannot be read.</exception>
    public static NpzFile Open(string path, long mostBytes = DefaultMostBytes, bool leaveOut = false) => new(path, mostBytes, leaveOut);

    /// <summary>Arrays that are not read, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> LeftOut => _leftOut;

    /// <summary>Whether an array of that name is there.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>The array of that name.</summary>
    /// <exception cref="UserErrorException">There is none; the nearest names are given.</exception>
    public NpzEntry this[string name] => Find(name).Entry;

    /// <summary>All elements in C order, as float64.</summary>
    /// <exception cref="UserErrorException">No such array, one that is too large, damage, or an element that float64 does not hold exactly.</exception>
    public double[] ReadDoubles(string name) => Read<double>(name);

    /// <summary>All elements in C order, as float32; float64 is rounded to nearest.</summary>
    /// <exception cref="UserErrorException">As <see cref="ReadDoubles"/>; also a finite number beyond float32.</exception>
    public float[] ReadSingles(string name) => Read<float>(name);

    /// <summary>All elements in C order, as whole numbers of 64 bits.</summary>
    /// <exception cref="UserErrorException">As <see cref="ReadDoubles"/>; also a fraction, NaN, or a number beyond the range.</exception>
    public long[] ReadInt64s(string name) => Read<long>(name);

    /// <summary>All elements in C order, as whole numbers of 32 bits.</summary>
    /// <exception cref="UserErrorException">As <see cref="ReadInt64s"/>.</exception>
    public int[] ReadInt32s(string name) => Read<int>(name);

    /// <summary>All elements in C order, as whole numbers from 0 to 255.</summary>
    /// <exception cref="UserErrorException">As <see cref="ReadInt64s"/>.</exception>
    public byte[] ReadBytes(string name) => Read<byte>(name);

    /// <summary>All elements in C order: false and true, or numbers that are 0 or 1.</summary>
    /// <exception cref="UserErrorException">As <see cref="ReadDoubles"/>; also any other number.</exception>
    public bool[] ReadBooleans(string name) => Read<bool>(name);

    /// <summary>All elements of an array of text (NumPy's U, or S read as UTF-8) in C order, without the zeros that pad them.</summary>
    /// <exception cref="UserErrorException">As <see cref="ReadDoubles"/>; also an array of numbers.</exception>
    public string[] ReadStrings(string name)
    {
        using var rows = Open(name);
        var (entry, type) = (rows.Entry, rows.Entry.Type);
        if (type.Kind is not (NpyKind.Text or NpyKind.Bytes))
            throw Throw.NpzKind(rows.Source, type, "text (U or S)");
        // A string's object takes some 24 bytes beside its characters.
        CheckSize(rows.Source, entry, type.Size + 24);
        var encoding = type.Kind == NpyKind.Bytes ? Encoding.UTF8 : new UTF32Encoding(type.BigEndian, byteOrderMark: false);
        var bytes = new byte[type.Size];
        var result = new string[entry.Count];
        for (var i = 0; i < result.Length; i++)
        {
            rows.ReadRaw(bytes);
            result[i] = encoding.GetString(bytes).TrimEnd('\0');
        }

        rows.Finish();
        return entry.FortranOrder ? NpyValues.ToRowMajor(result, entry.Shape) : result;
    }

    /// <summary>Reads an array a few rows at a time, first to last, however large it is.</summary>
    /// <exception cref="UserErrorException">No such array, or one in Fortran order of more than one dimension.</exception>
    public NpzRows ReadRows(string name)
    {
        var rows = Open(name);
        if (!rows.Entry.FortranOrder || rows.Entry.Shape.Count < 2)
            return rows;
        rows.Dispose();
        throw Throw.NpzFortranRows(rows.Source);
    }

    public void Dispose()
    {
        _archive?.Dispose();
        _file?.Dispose();
    }

    /// <summary>What reading raises where the bytes are not what they should be, as one message.</summary>
    internal static T Guard<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException)
        {
            throw Throw.NpzUnreadable(source, e is EndOfStreamException ? "it ends too early" : e.Message);
        }
    }

    T[] Read<T>(string name)
        where T : unmanaged
    {
        using var rows = Open(name);
        CheckSize(rows.Source, rows.Entry, Unsafe.SizeOf<T>());
        var values = GC.AllocateUninitializedArray<T>((int)rows.Entry.Count);
        rows.ReadElements(values.AsSpan());
        rows.Finish();
        return rows.Entry.FortranOrder ? NpyValues.ToRowMajor(values, rows.Entry.Shape) : values;
    }

    void CheckSize(string source, NpzEntry entry, int elementBytes)
    {
        if (entry.Count > Math.Min(_mostBytes / elementBytes, Array.MaxLength))
            throw Throw.NpzTooLarge(source, entry.ToString(), (Int128)entry.Count * elementBytes > long.MaxValue ? long.MaxValue : entry.Count * elementBytes, _mostBytes);
    }

    void List(ZipArchive archive)
    {
        var members = Guard($"'{Path}'", () => archive.Entries);
        if (members.Count > MostArrays)
            throw Throw.NpzUnreadable($"'{Path}'", $"it has {members.Count} members; at most {MostArrays} are read");
        foreach (var member in members)
        {
            const string Ending = ".npy";
            if (!member.FullName.EndsWith(Ending, StringComparison.Ordinal))
                continue;
            var source = Source(member.FullName[..^Ending.Length]);
            if (member.Length > (member.CompressedLength * MostDeflateRatio) + MostDeflateRatio)
                throw Throw.NpzUnreadable(source, $"it says that {member.CompressedLength} bytes unpack to {member.Length}, more than deflate can hold");
            var name = member.FullName[..^Ending.Length];
            var header = HeaderOf(name, () => Guard(source, () =>
            {
                using var stream = member.Open();
                return NpyHeader.Read(stream, member.Length, source);
            }));
            if (header is not null)
                Add(name, header, member);
        }
    }

    // Null where the array is left out.
    NpyHeader? HeaderOf(string name, Func<NpyHeader> read)
    {
        try
        {
            return read();
        }
        catch (UserErrorException e) when (_leaveOut && e.Data.Contains(Throw.TypeNotRead))
        {
            return _leftOut.TryAdd(name, e.Message) ? null : throw Throw.NpzUnreadable($"'{Path}'", $"it holds the array '{name}' twice");
        }
    }

    void Add(string name, NpyHeader header, ZipArchiveEntry? member)
    {
        var entry = new NpzEntry(name, header.Type, header.Shape, header.FortranOrder);
        if (!_byName.TryAdd(name, (entry, member)))
            throw Throw.NpzUnreadable($"'{Path}'", $"it holds the array '{name}' twice");
        _entries.Add(entry);
    }

    NpzRows Open(string name)
    {
        var (entry, member) = Find(name);
        var source = Source(name);
        return Guard(source, () =>
        {
            // A stream of its own, so that two arrays can be read at a time.
            Stream stream = member is null ? File.OpenRead(Path) : new CheckedStream(member.Open());
            try
            {
                NpyHeader.Read(stream, member?.Length ?? stream.Length, source);
                return new NpzRows(entry, stream, member?.Crc32, source);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        });
    }

    (NpzEntry Entry, ZipArchiveEntry? Member) Find(string name) =>
        _byName.TryGetValue(name, out var found) ? found : throw Throw.NpzNoArray(Path, name, [.. _byName.Keys]);

    string Source(string name) => _archive is null ? $"'{Path}'" : $"'{Path}', array '{name}'";
}
