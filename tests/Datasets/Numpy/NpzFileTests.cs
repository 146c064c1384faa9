using System.IO.Compression;
using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

/// <summary>Arrays that NumPy wrote (tests/golden/numpy), and files that lie.</summary>
public sealed class NpzFileTests : IDisposable
{
    static readonly double[] Grid = [-3, -2, -1, 0, 1, 2];

    readonly string _folder = Directory.CreateTempSubdirectory("npz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("stored.npz")]
    [InlineData("deflated.npz")]
    public void Read_OfEveryElementType_GivesTheNumbers(string file)
    {
        using var npz = NpzFile.Open(Golden(file));
        var seen = 0;
        foreach (var order in new[] { "little", "big" })
        {
            foreach (var name in new[] { "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8" })
            {
                var array = $"{name}_{order}";
                var expected = name[0] == 'u' ? Grid.Select(v => v + 3).ToArray() : Grid;
                Assert.Equal([2, 3], npz[array].Shape);
                Assert.Equal(expected, npz.ReadDoubles(array));
                Assert.Equal(expected.Select(v => (float)v), npz.ReadSingles(array));
                Assert.Equal(expected.Select(v => (long)v), npz.ReadInt64s(array));
                Assert.Equal(expected.Select(v => (int)v), npz.ReadInt32s(array));
                seen++;
            }

            Assert.Equal(["no", "yes", "wést"], npz.ReadStrings($"text_{order}"));
        }

        Assert.Equal(22, seen);
        Assert.Equal([false, false, false, false, true, true], npz.ReadBooleans("b1"));
        Assert.Equal([0, 0, 0, 0, 1, 1], npz.ReadDoubles("b1"));
        Assert.Equal([0, 0, 0, 0, 1, 1], npz.ReadBytes("b1"));
        Assert.Equal(["a", "bcd"], npz.ReadStrings("bytes"));
        Assert.Equal([2.5], npz.ReadDoubles("number"));
        Assert.Empty(npz["number"].Shape);
        Assert.Empty(npz.ReadDoubles("empty"));
    }

    [Fact]
    public void Read_OfFortranOrder_GivesCOrder()
    {
        using var npz = NpzFile.Open(Golden("deflated.npz"));
        Assert.True(npz["fortran"].FortranOrder);
        Assert.Equal(Enumerable.Range(0, 24), npz.ReadInt32s("fortran"));
        Assert.Contains("Fortran order", Error(() => npz.ReadRows("fortran")), StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_SayNameTypeAndShape()
    {
        using var npz = NpzFile.Open(Golden("deflated.npz"));
        Assert.Equal(30, npz.Entries.Count);
        Assert.Contains("f4_big: >f4 (2, 3)", npz.Entries.Select(e => e.ToString()));
        Assert.Contains("text_little: <U4 (3)", npz.Entries.Select(e => e.ToString()));
        Assert.Contains("long: <i2 (1000, 100)", npz.Entries.Select(e => e.ToString()));
        Assert.Contains("Did you mean 'fortran'", Error(() => npz.ReadDoubles("fortram")), StringComparison.Ordinal);
    }

    [Fact]
    public void LoneArray_HasTheFilesName()
    {
        using var npz = NpzFile.Open(Golden("lone.npy"));
        Assert.Equal("lone: <f8 (2, 3)", Assert.Single(npz.Entries).ToString());
        Assert.Equal(Grid, npz.ReadDoubles("lone"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void ReadRows_GivesWhatReadingWholeGives(int rowsAtATime)
    {
        using var npz = NpzFile.Open(Golden("deflated.npz"));
        var whole = npz.ReadDoubles("long");
        Assert.Equal(100_000, whole.Length);
        Assert.Equal(999, whole[^1]);
        using var rows = npz.ReadRows("long");
        using var other = npz.ReadRows("f8_big");
        Assert.Equal(100, rows.Width);
        var buffer = new double[rowsAtATime * 100];
        var at = 0;
        for (int read; (read = rows.Read(buffer.AsSpan())) > 0; at += read)
        {
            Assert.Equal(whole.AsSpan(at * 100, read * 100).ToArray(), buffer.AsSpan(0, read * 100).ToArray());
            if (at == 0)
                Assert.Equal(2, other.Read(new double[6].AsSpan()));
        }

        Assert.Equal(1000, at);
        Assert.Throws<ArgumentException>(() => npz.ReadRows("long").Read(new double[150].AsSpan()));
    }

    [Theory]
    [InlineData("halves", "Int64", "element 0 (in the order of the file) is 0.5")]
    [InlineData("nan", "Int64", "is NaN")]
    [InlineData("huge", "Int64", "is 1E+300")]
    [InlineData("huge", "Single", "is 1E+300")]
    [InlineData("large", "Double", "element 1 (in the order of the file) is 9007199254740993")]
    [InlineData("large", "Int32", "element 1")]
    [InlineData("most", "Double", "is 9223372036854775807")]
    [InlineData("unsigned", "Int64", "is 18446744073709551615")]
    [InlineData("unsigned", "Double", "is 18446744073709551615")]
    [InlineData("whole", "Boolean", "expected false or true, or 0 or 1")]
    [InlineData("whole", "Byte", "element 1 (in the order of the file) is -4")]
    [InlineData("whole", "String", "expected text")]
    public void Read_OfANumberThatDoesNotFit_NamesIt(string array, string target, string expected)
    {
        using var npz = NpzFile.Open(Golden("values.npz"));
        Assert.Contains(expected, Error(() => Read(npz, array, target)), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfNumbersThatFitExactly_IsTaken()
    {
        using var npz = NpzFile.Open(Golden("values.npz"));
        Assert.Equal([3, -4], npz.ReadInt32s("whole"));
        Assert.Equal([false, true], npz.ReadBooleans("zeros"));
        Assert.Equal([long.MaxValue], npz.ReadInt64s("most"));
        Assert.Equal([double.NaN], npz.ReadDoubles("nan"));
        Assert.Equal([float.NaN], npz.ReadSingles("nan"));
    }

    [Theory]
    [InlineData("objects.npz", "array 'objects' is an object array: a pickle")]
    [InlineData("structured.npz", "array 'rows' is a structured array")]
    [InlineData("complex.npz", "array 'z' has elements of type '<c16'")]
    public void Open_OfWhatIsNoNumber_NamesTheArray(string file, string expected) =>
        Assert.Contains(expected, Error(() => NpzFile.Open(Golden(file))), StringComparison.Ordinal);

    [Fact]
    public void Open_OfNoFile_SaysSo() => Assert.Contains("does not exist", Error(() => NpzFile.Open(Path.Combine(_folder, "none.npz"))), StringComparison.Ordinal);

    [Theory]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", 16, "has 144 bytes")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 16, "has 144 bytes")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 999999999999), }", 16, "truncated or damaged")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999,), }", 16, "the header is")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", 16, "the header is")]
    [InlineData("{'descr': '<f8', 'fortran_order': False}", 16, "the header is")]
    [InlineData("{'descr': '<f3', 'fortran_order': False, 'shape': (2,), }", 16, "type '<f3'")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 16, "object array")]
    [InlineData("__import__('os')", 16, "the header is")]
    public void Open_OfALyingHeader_SaysWhatItFound(string header, int bytes, string expected)
    {
        var path = Path.Combine(_folder, "array.npy");
        File.WriteAllBytes(path, Npy(header, bytes));
        Assert.Contains(expected, Error(() => NpzFile.Open(path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfManyDimensionsAndLongHeaders_IsRefused()
    {
        var path = Path.Combine(_folder, "array.npy");
        File.WriteAllBytes(path, Npy($"{{'descr': '<f8', 'fortran_order': False, 'shape': ({string.Join(", ", Enumerable.Repeat("1", 40))}), }}", 8));
        Assert.Contains("40 dimensions", Error(() => NpzFile.Open(path)), StringComparison.Ordinal);
        File.WriteAllBytes(path, Npy(new string(' ', 20_000), 8));
        Assert.Contains("bytes long", Error(() => NpzFile.Open(path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfABomb_IsRefusedBeforeItUnpacks()
    {
        // Half a gigabyte of zeros in half a megabyte, which is what deflate can do.
        var path = Path.Combine(_folder, "bomb.npz");
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Create))
        using (var member = zip.CreateEntry("zeros.npy", CompressionLevel.Fastest).Open())
        {
            member.Write(Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (67108864,), }", 0));
            for (var i = 0; i < 512; i++)
                member.Write(new byte[1 << 20]);
        }

        using var npz = NpzFile.Open(path, mostBytes: 1 << 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("536870912 bytes in memory; at most 1048576", Error(() => npz.ReadDoubles("zeros")), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, "the array was allocated");
        using var rows = npz.ReadRows("zeros");
        Assert.Equal(1000, rows.Read(new double[1000].AsSpan()));
    }

    [Fact]
    public void Open_OfMoreThanDeflateHolds_IsRefused()
    {
        var bytes = File.ReadAllBytes(Golden("deflated.npz"));
        // The uncompressed size in the central directory, bytes 24 to 27 of each record.
        var at = bytes.AsSpan().IndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(bytes.AsSpan(at + 24), 2_000_000_000);
        Assert.Contains("more than deflate can hold", Error(() => Open(bytes)), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfAnyFlippedByteOrShorterFile_EndsInOneMessageOrTheRightNumbers()
    {
        var bytes = File.ReadAllBytes(Golden("stored.npz"));
        var messages = 0;
        for (var at = 0; at < bytes.Length; at += 3)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[at] ^= 0x41;
            messages += Survives(damaged);
            if (at % 30 == 0)
                messages += Survives(bytes[..at]);
        }

        Assert.True(messages > 1500, $"only {messages} damages were noticed");
    }

    [Fact]
    public void Read_OfAFlippedDatum_FailsItsChecksum()
    {
        var bytes = File.ReadAllBytes(Golden("stored.npz"));
        var at = bytes.AsSpan().IndexOf(BitConverter.GetBytes(-3.0));
        bytes[at] ^= 1;
        using var npz = Open(bytes);
        Assert.Contains("checksum", Error(() => npz.ReadDoubles("f8_little")), StringComparison.Ordinal);
    }

    // 1 where a message came. Anything but the message, or numbers that differ, fails.
    int Survives(byte[] bytes)
    {
        try
        {
            using var npz = Open(bytes);
            foreach (var entry in npz.Entries.Where(e => e.Type.Kind is not (NpyKind.Text or NpyKind.Bytes)))
                npz.ReadDoubles(entry.Name);
            return 0;
        }
        catch (UserErrorException)
        {
            return 1;
        }
    }

    NpzFile Open(byte[] bytes)
    {
        var path = Path.Combine(_folder, "damaged.npz");
        File.WriteAllBytes(path, bytes);
        return NpzFile.Open(path);
    }

    static object Read(NpzFile npz, string array, string target) => target switch
    {
        "Double" => npz.ReadDoubles(array),
        "Single" => npz.ReadSingles(array),
        "Int64" => npz.ReadInt64s(array),
        "Int32" => npz.ReadInt32s(array),
        "Byte" => npz.ReadBytes(array),
        "Boolean" => npz.ReadBooleans(array),
        _ => npz.ReadStrings(array),
    };

    static byte[] Npy(string header, int data)
    {
        var text = header.PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. Encoding.ASCII.GetBytes(text), .. new byte[data]];
    }

    static string Error(Func<object?> act) => Assert.Throws<UserErrorException>(act).Message;

    static string Golden(string file) => Path.Combine(Checkout.Root, "tests", "golden", "numpy", file);
}
