using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class FileTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    public enum Label
    {
        HeldOut,
    }

    public sealed record Row(string AlgorithmName, int Seed, double MeanReturn, long? Step, bool Greedy, Label Label, float? Ratio);

    [Fact]
    public void TabularResults_AsCsv_AreQuotedAndReadBackExactly()
    {
        string path = Path.Combine(_workspace.Root, "scores.csv");
        TabularResults.WriteCsv(path, [new Row("dqn, \"double\"", 1, 0.1 + 0.2, null, true, Label.HeldOut, 0.1f), new Row("bc", 2, -1e300, 5, false, Label.HeldOut, null)]);
        Assert.Equal(
            "algorithm_name,seed,mean_return,step,greedy,label,ratio\n" +
            "\"dqn, \"\"double\"\"\",1,0.30000000000000004,,true,held_out,0.1\n" +
            "bc,2,-1E+300,5,false,held_out,\n",
            File.ReadAllText(path));
    }

    [Fact]
    public void TabularResults_AsParquet_HaveTypedColumns()
    {
        Row[] rows = [.. Enumerable.Range(0, 5000).Select(i => new Row($"a{i}", i, i / 3.0, i % 2 == 0 ? null : i, i % 2 == 0, Label.HeldOut, i))];
        TabularResults.Write(Path.Combine(_workspace.Root, "scores"), rows);
        using DuckDbDatabase database = DuckDbDatabase.OpenInMemory();
        using DuckDbConnection connection = database.Connect();
        foreach (string reader in new[] { "read_parquet", "read_csv" })
        {
            string file = Path.Combine(_workspace.Root, reader == "read_csv" ? "scores.csv" : "scores.parquet");
            using DuckDbResult result = connection.Query(
                $"SELECT count(*), count(step), sum(mean_return)::DOUBLE, min(label), count(*) FILTER (greedy), max(algorithm_name), typeof(any_value(seed)) FROM {reader}({DuckDbSql.Text(file)})");
            using DuckDbChunk chunk = result.Next()!;
            Assert.Equal(5000, chunk[0].Values<long>()[0]);
            Assert.Equal(2500, chunk[1].Values<long>()[0]);
            Assert.Equal(rows.Sum(r => r.MeanReturn), chunk[2].Values<double>()[0], 1e-6);
            Assert.Equal("held_out", chunk[3].Text(0));
            Assert.Equal(2500, chunk[4].Values<long>()[0]);
            Assert.Equal("a999", chunk[5].Text(0));
            Assert.Equal(reader == "read_csv" ? "BIGINT" : "INTEGER", chunk[6].Text(0));
        }
    }

    [Fact]
    public void NpyFile_IsWhatNumPyWrites()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 3);
        using TrainingColumns columns = Dataset.Open(_workspace.Workspace, "sample").Compile(NullProgress.Instance);
        byte[] bytes = File.ReadAllBytes(Path.Combine(columns.Folder, "observations.npy"));
        // numpy.save of a float32 array of shape (n, 4).
        string expected = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({columns.Steps}, 4), }}";
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, 118, 0], bytes.Take(10));
        Assert.Equal(expected.PadRight(117) + "\n", Encoding.ASCII.GetString(bytes, 10, 118));
        Assert.Equal(128 + (columns.Steps * 16), bytes.Length);
        Assert.Equal(columns.Observations![0][0], BitConverter.ToSingle(bytes, 128));
        string flags = Encoding.ASCII.GetString(File.ReadAllBytes(Path.Combine(columns.Folder, "terminated.npy")), 10, 118);
        Assert.Contains($"'|b1', 'fortran_order': False, 'shape': ({columns.Steps},), }}", flags, StringComparison.Ordinal);
    }

    [Fact]
    public void NpyColumn_OutsideItsRows_Throws()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 3);
        TrainingColumns columns = Dataset.Open(_workspace.Workspace, "sample").Compile(NullProgress.Instance);
        Assert.Throws<ArgumentOutOfRangeException>(() => columns.Rewards.Slice(-1, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => columns.Rewards.Slice(columns.Steps, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => columns.Rewards.Slice(0, (int)columns.Steps + 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => columns.Rewards.Slice(0, -1).Length);
        columns.Dispose();
        columns.Dispose();
        Assert.Throws<ObjectDisposedException>(() => columns.Rewards.Slice(0, 1).Length);
    }

    [Theory]
    [InlineData("rewards.npy", 100, "expected")]
    [InlineData("rewards.npy", 0, "has 0 bytes, expected")]
    [InlineData("columns.json", 10, "is not a valid ColumnsInfo")]
    public void Columns_Truncated_AreRefused(string file, int length, string expected)
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 3);
        string folder;
        using (TrainingColumns columns = Dataset.Open(_workspace.Workspace, "sample").Compile(NullProgress.Instance))
        {
            folder = columns.Folder;
        }

        using (FileStream stream = File.OpenWrite(Path.Combine(folder, file)))
        {
            stream.SetLength(length == 100 ? stream.Length - 8 : length);
        }

        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => TrainingColumns.Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Spaces_ReadBackFromJson()
    {
        BoxSpace image = new([84, 84, 4], new double[84 * 84 * 4], [.. Enumerable.Repeat(255.0, 84 * 84 * 4)], ElementType.UInt8);
        BoxSpace mixed = new([2], [double.NegativeInfinity, -1.5], [double.PositiveInfinity, 2]);
        foreach (Space space in new Space[] { image, mixed, BoxSpace.Unbounded(17), new DiscreteSpace(3) })
        {
            string path = Path.Combine(_workspace.Root, "space.json");
            JsonFiles.Write(path, space);
            Assert.Equal(space, JsonFiles.Read<Space>(path));
            Assert.True(new FileInfo(path).Length < 400, "bounds that are all the same are written once");
        }
    }
}
