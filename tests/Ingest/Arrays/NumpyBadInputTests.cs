using System.IO.Compression;
using OfflineRL.Datasets;
using OfflineRL.Ingest;
using static OfflineRL.Tests.Ingest.Arrays.ArrayFiles;

namespace OfflineRL.Tests.Ingest.Arrays;

/// <summary>Archives that cannot be used: one message, and nothing left behind.</summary>
public sealed class NumpyBadInputTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static readonly byte[] Pickle = [0x80, 4, .. "cos\nsystem\n(S'touch pwned'\ntR."u8];

    public static TheoryData<string, string> Broken => new()
    {
        { "objects", "is an object array: a pickle, which can run code as it is read, so it never is" },
        { "structured", "structured array" },
        { "complex", "has elements of type '<c16'" },
        { "promises", "expected" },
        { "promises-bytes", "expected" },
        { "rows", "'observations' has 4 rows and 'actions' 5; expected as many" },
        { "renamed", "there is no column 'reward', which reward names" },
        { "no-actions", "action is empty" },
        { "no-ends", "nothing tells episodes apart" },
        { "empty-width", "has 0 numbers a row" },
        { "lone", "is a lone number" },
        { "text", "row 1, column 'rewards': found" },
        { "text-flags", "found" },
        { "flags", "column 'terminals': found '7'; expected a flag" },
        { "nan", "column 'observations': found" },
        { "indices", "'indices' is indices (3); expected 1 whole numbers" },
        { "index-order", "'indices' has 9 at 0; expected a step from 0 to 5" },
        { "header", "the header is" },
        { "member", "is not a .npy file" },
        { "twice", "holds the array 'rewards' twice" },
        { "case", "differ in case alone" },
        { "no-rows", "there are no rows" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void ABrokenArchive_IsRefusedWithAMessage(string kind, string message)
    {
        var arrays = D4rl();
        var path = _recording.Npz("a.npz", kind switch
        {
            "objects" => arrays.With("observations", Npy("'|O'", "(5,)", Pickle)),
            "structured" => arrays.With("rewards", Npy("[('a', '<f4')]", "(5,)", new byte[20])),
            "complex" => arrays.With("actions", Npy("'<c16'", "(5,)", new byte[80])),
            "promises" => arrays.With("observations", Npy("'<f4'", "(1000000000000000, 2)", new byte[40])),
            "promises-bytes" => arrays.With("rewards", Npy("'<f4'", "(999999999999999999,)", new byte[40])),
            "rows" => arrays.With("observations", Floats("(4, 2)", 1, 2, 3, 4, 5, 6, 7, 8)),
            "renamed" => arrays.With("rewards", null).With("profits", Floats("(5,)", 1, 2, 3, 4, 5)),
            "no-actions" => arrays.With("actions", null),
            "no-ends" => arrays.With("terminals", null).With("timeouts", null),
            "empty-width" => arrays.With("observations", Npy("'<f4'", "(5, 0)", [])),
            "lone" => [("observations", Floats("()", 1))],
            "text" => arrays.With("rewards", Npy("'<U1'", "(5,)", new byte[20])),
            "text-flags" => arrays.With("terminals", Npy("'|S3'", "(5,)", [.. "abcabcabcabcabc"u8])),
            "flags" => arrays.With("terminals", Longs("(5,)", 0, 0, 7, 0, 0)),
            "nan" => arrays.With("observations", Floats("(5, 2)", 0, 1, 2, float.NaN, 4, 5, 10, 11, 12, 13)),
            "indices" => arrays.With("observations", Floats("(7, 1)", 1, 2, 3, 4, 5, 6, 7)).With("indices", Longs("(3,)", 1, 2, 3)),
            "index-order" => arrays.With("observations", Floats("(7, 1)", 1, 2, 3, 4, 5, 6, 7)).With("indices", Longs("(1,)", 9)),
            "header" => arrays.With("rewards", Npy("'<f4', 'x': open('/etc/passwd')", "(5,)", new byte[20])),
            "member" => arrays.With("rewards", [1, 2, 3]),
            "twice" => [.. arrays, ("rewards", Floats("(5,)", 1, 2, 3, 4, 5))],
            "case" => [.. arrays, ("Rewards", Floats("(5,)", 1, 2, 3, 4, 5))],
            _ => [("observations", Floats("(0, 2)")), ("actions", Floats("(0, 1)")), ("rewards", Floats("(0,)")), ("terminals", Flags("(0,)"))],
        });
        AssertRefused(path, message);
        Assert.False(File.Exists(Path.Combine(_recording.Workspace.Root, "pwned")));
    }

    [Fact]
    public void ARowThatIsTooWide_IsRefusedBeforeItIsRead()
    {
        // Zeros pack well: the promise is kept, and one row would still take more than is believed.
        var path = Path.Combine(_recording.Workspace.Root, "a.npz");
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            using var stream = zip.CreateEntry("observations.npy", CompressionLevel.Optimal).Open();
            stream.Write(Npy("'|u1'", "(2, 20000000)", new byte[40_000_000]));
        }

        AssertRefused(path, "has 20000000 numbers a row; expected 1 to");
    }

    [Fact]
    public void ATruncatedArchive_IsRefusedWhereverItEnds()
    {
        var whole = File.ReadAllBytes(_recording.Npz("a.npz", D4rl()));
        for (var length = 4; length < whole.Length; length += whole.Length / 12)
            AssertRefused(_recording.WriteBytes("b.npz", whole[..length]), "");
    }

    [Fact]
    public void ADamagedMember_IsFoundByItsChecksum()
    {
        var path = _recording.Npz("a.npz", D4rl().With("observations", Floats("(5, 2)", [.. Enumerable.Range(0, 10).Select(i => (float)Math.Sin(i))])));
        var bytes = File.ReadAllBytes(path);
        var refused = 0;
        for (var at = 0; at < bytes.Length; at += 7)
        {
            bytes[at] ^= 0x55;
            var mutated = _recording.WriteBytes("b.npz", bytes);
            bytes[at] ^= 0x55;
            try
            {
                _recording.Import(new ImportConfig { Name = "x", Source = [mutated] });
            }
            catch (UserErrorException)
            {
                refused++;
            }
        }

        Assert.True(refused > 20, $"only {refused} damaged files were refused");
    }

    [Fact]
    public void ArchivesOfDifferentArrays_AreRefused()
    {
        _recording.Npz("a.npz", D4rl());
        _recording.Npz("b.npz", D4rl().With("rewards", Doubles("(5,)", 1, 2, 3, 4, 5)));
        AssertRefused(Path.Combine(_recording.Workspace.Root, "*.npz"), "its arrays differ from those of");
    }

    [Fact]
    public void ALoneNpyFile_LacksTheOthers() => AssertRefused(_recording.WriteBytes("observations.npy", D4rl()[0].Npy), "action is empty");

    void AssertRefused(string path, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => _recording.Import(new ImportConfig { Name = "x", Source = [path] }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }
}
