using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Tests.Train.Files;

public sealed class SafetensorsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-safetensors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_ThenOpen_GivesTheSameTensors()
    {
        var path = Path.Combine(_folder, "a.safetensors");
        float[] weights = [1, -2.5f, float.MaxValue, 0, 4, 5];
        long[] step = [1L << 40];
        Safetensors.Write(
            path,
            [
                new("w", "F32", [2, 3], () => MemoryMarshal.AsBytes(weights.AsSpan())),
                new("step", "I64", [], () => MemoryMarshal.AsBytes(step.AsSpan())),
                new("none", "F64", [0, 7], () => []),
            ],
            new Dictionary<string, string> { ["made by"] = "a test" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["none", "step", "w"], file.Tensors.Keys.Order());
        Assert.Equal("a test", file.Metadata["made by"]);
        Assert.Equal([2L, 3L], file.Tensors["w"].Shape);
        Assert.Equal(0, file.Tensors["w"].Offset % 8);
        var read = new float[6];
        file.Read(file.Tensors["w"], MemoryMarshal.AsBytes(read.AsSpan()));
        Assert.Equal(weights, read);
        var readStep = new long[1];
        file.Read(file.Tensors["step"], MemoryMarshal.AsBytes(readStep.AsSpan()));
        Assert.Equal(step, readStep);
    }

    [Fact]
    public void Open_OfBytesWrittenByHand_ReadsTheFormat()
    {
        // From the format's description, not from our writer.
        var path = File("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", [7, 9]);
        using var file = SafetensorsFile.Open(path);
        var bytes = new byte[2];
        file.Read(file.Tensors["x"], bytes);
        Assert.Equal([7, 9], bytes);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,2]}}""", 2, "2 bytes of data; expected 3")]
    [InlineData("""{"x":{"dtype":"F99","shape":[2],"data_offsets":[0,2]}}""", 2, "type 'F99'")]
    [InlineData("""{"x":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}""", 2, "shape [-2]")]
    [InlineData("""{"x":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,2]}}""", 2, "shape [4611686018427387904, 4]")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,9223372036854775807]}}""", 2, "offsets [0, 9223372036854775807]")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}""", 2, "offsets [2, 0]")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[-1,1]}}""", 2, "offsets [-1, 1]")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 3, "the tensors end")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "without overlap or gap")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""", 3, "without overlap or gap")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "occurs twice")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2]}}""", 2, "lacks dtype, shape or data_offsets")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"code":"run"}}""", 2, "the key 'code'")]
    [InlineData("""{"x":{"dtype":8,"shape":[2],"data_offsets":[0,2]}}""", 2, "not valid")]
    [InlineData("""[1, 2]""", 0, "a JSON Array")]
    [InlineData("""{"x":""", 0, "not valid")]
    public void Open_OfADamagedHeader_SaysWhatIsWrong(string header, int dataBytes, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => SafetensorsFile.Open(File(header, new byte[dataBytes])));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(17UL)]
    public void Open_OfAHeaderLongerThanTheFile_RefusesBeforeAllocating(ulong claimed)
    {
        var path = Path.Combine(_folder, "long.safetensors");
        var bytes = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, claimed);
        System.IO.File.WriteAllBytes(path, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<UserErrorException>(() => SafetensorsFile.Open(path));
        Assert.Contains($"claims {claimed} bytes", error.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Open_OfATinyFile_SaysHowLongItIs(int length)
    {
        var path = Path.Combine(_folder, "tiny.safetensors");
        System.IO.File.WriteAllBytes(path, new byte[length]);
        Assert.Contains($"it has {length} bytes", Assert.Throws<UserErrorException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfEveryTruncation_NeverReturnsAFile()
    {
        float[] values = [1, 2, 3];
        var whole = Path.Combine(_folder, "whole.safetensors");
        Safetensors.Write(whole, [new("v", "F32", [3], () => MemoryMarshal.AsBytes(values.AsSpan()))]);
        var bytes = System.IO.File.ReadAllBytes(whole);
        using (SafetensorsFile.Open(whole))
            Assert.True(bytes.Length > 20);
        for (var length = 0; length < bytes.Length; length++)
        {
            var path = Path.Combine(_folder, "cut.safetensors");
            System.IO.File.WriteAllBytes(path, bytes[..length]);
            Assert.Throws<UserErrorException>(() => SafetensorsFile.Open(path).Dispose());
        }
    }

    [Fact]
    public void Write_OfANameTwice_IsRefused() => Assert.Throws<ArgumentException>(() => Safetensors.Write(
        Path.Combine(_folder, "twice.safetensors"), [new("a", "U8", [0], () => []), new("a", "U8", [0], () => [])]));

    string File(string header, byte[] data)
    {
        var path = Path.Combine(_folder, "made.safetensors");
        var text = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        System.IO.File.WriteAllBytes(path, [.. length, .. text, .. data]);
        return path;
    }
}
