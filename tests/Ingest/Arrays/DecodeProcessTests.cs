using OfflineRL.Tests.Cli;

namespace OfflineRL.Tests.Ingest.Arrays;

/// <summary>What a file does to the process that decodes it ends in one message.</summary>
public sealed class DecodeProcessTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    string Large() => Make("f.create_dataset('observations', data=np.zeros((30, 3_000_000)), compression='gzip', chunks=(1, 3_000_000))\nf['actions'] = np.zeros(30, np.int64)\nf['rewards'] = np.zeros(30)\nf['terminals'] = np.arange(30) == 29");

    string Make(string body)
    {
        var path = Path.Combine(_recording.Workspace.Root, "a.hdf5");
        ArrayFiles.Python("import sys, h5py\nimport numpy as np\nf = h5py.File(sys.argv[1], 'w')\n" + body + "\nf.close()", path);
        return path;
    }

    ToolResult Import(string path, params (string Name, string Value)[] limits) => Tool.Run(
        _recording.Workspace.Root,
        limits.ToDictionary(l => l.Name, l => l.Value),
        "ingest", "import", "--name", "x", "--source", path);

    [Fact]
    public void MoreMemoryThanAllowed_IsAMessage()
    {
        var result = Import(Large(), ("OFFLINERL_DECODE_MEMORY", "128")).Expect(2);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Contains("a.hdf5", result.Error, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }

    [Fact]
    public void MoreProcessorTimeThanAllowed_IsAMessage()
    {
        var path = Make("n = 1_500_000\nf.create_dataset('observations', data=np.random.rand(n, 8), compression='gzip', compression_opts=1)\nf['actions'] = np.zeros(n, np.int64)\nf['rewards'] = np.zeros(n)\nf['terminals'] = np.arange(n) % 100 == 99");
        Assert.Contains("used up its processor time", Import(path, ("OFFLINERL_DECODE_SECONDS", "1")).Expect(2).Error, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("{\"Format\": \"Hdf5\"}")]
    public void AnOrderThatIsNone_EndsTheDecoder(string order)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Tool.Path, ["decode"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardInput.WriteLine(order);
        process.StandardInput.Close();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "the decoder did not end");
        Assert.NotEqual(0, process.ExitCode);
    }

    [Fact]
    public void TheDecoder_IsNotListed() => Assert.DoesNotContain("decode", Tool.Run(_recording.Workspace.Root, "--help").Expect(0).Output, StringComparison.Ordinal);

    [Fact]
    public void AWrongLimit_IsNamed()
    {
        var result = Import(Make("f['rewards'] = np.zeros(3)"), ("OFFLINERL_DECODE_MEMORY", "much")).Expect(2);
        Assert.Contains("OFFLINERL_DECODE_MEMORY is 'much'; expected a whole number above 0", result.Error, StringComparison.Ordinal);
    }
}
