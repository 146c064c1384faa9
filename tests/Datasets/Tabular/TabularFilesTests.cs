using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class TabularFilesTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("tables").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_ThenRead_GivesTheSameMdp(bool npz)
    {
        var builder = new TabularMdpBuilder(5, 2, "test") { Discount = 0.97, StateNames = ["a, b", "\"c\"", "d", "e ü", "f"], ActionNames = ["stay", "go"] }
            .Add(0, 0, 0, 1.0 / 3, 0.1).Add(0, 0, 1, 2.0 / 3, -1e-300, ends: true)
            .Add(0, 1, 3, 1, 1e17).Add(2, 0, 3, 1, 0).Add(2, 1, 2, 1, 3).Add(3, 1, 0, 1, 1).Forbid(3, 0)
            .SetStart(0, 0.3).SetStart(2, 0.7);
        var mdp = builder.Build();
        var path = Path.Combine(_folder, npz ? "mdp.npz" : "mdp");
        Write(mdp, path, npz);
        var read = TabularFiles.Read(path);
        Assert.True(read.MaskByDefault);
        Assert.Equal(mdp.ContentHash, read.Mdp.ContentHash);
        Assert.Equal(0.97, read.Mdp.Discount);
        Assert.Equal(0.5, TabularFiles.Read(path, discount: 0.5).Mdp.Discount);
        Assert.Equal(mdp.StateNames, read.Mdp.StateNames);
        Assert.Equal(mdp.ActionNames, read.Mdp.ActionNames);
        Assert.True(read.Mdp.IsTerminal(4));
        Assert.Contains("exists already", Assert.Throws<UserErrorException>(() => Write(mdp, path, npz)).Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(_folder));
        if (!npz)
            Assert.Equal(mdp.ContentHash, TabularFiles.Read(Path.Combine(path, "transitions.csv")).Mdp.ContentHash);
        // The same arrays give the same bytes.
        var again = Path.Combine(_folder, npz ? "again.npz" : "again");
        Write(read.Mdp, again, npz);
        Assert.Equal(File.ReadAllBytes(npz ? path : Path.Combine(path, "transitions.csv")), File.ReadAllBytes(npz ? again : Path.Combine(again, "transitions.csv")));
    }

    [Fact]
    public void Write_IsReadByNumPy()
    {
        var path = Path.Combine(_folder, "mdp.npz");
        TabularFiles.WriteNpz(Mdps.Pair(0.9), path);
        string python;
        try
        {
            using var process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", "import sys, numpy; d = numpy.load(sys.argv[1]); print(d['next_state'].tolist(), d['probability'].sum(), d['terminal'].dtype, float(d['discount']))", path])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            python = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            Assert.SkipUnless(process.ExitCode == 0, "python3 has no numpy here.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("There is no python3 here.");
            return;
        }

        Assert.Equal("[0, 1, 0, 1, 1] 4.0 bool 0.9", python);
    }

    [Theory]
    [InlineData("", "0,1", "transitions.csv' has the columns (none)")]
    [InlineData("state,action,next_state,probability", "0,1", "expected state, action, next_state, probability, reward and optionally terminal")]
    [InlineData("state,action,next_state,probability,reward,color", "0,1", "expected state, action")]
    [InlineData("state,action,next_state,probability,reward\n0,0,0,1", "0,1", "transitions.csv', line 2: 4 fields were found; expected 5")]
    [InlineData("state,action,next_state,probability,reward\n0,0,0,1,1\nx,0,0,1,1", "0,1", "line 3: state is 'x'")]
    [InlineData("state,action,next_state,probability,reward\n-1,0,0,1,1", "0,1", "line 2: state is '-1'; expected a whole number from 0")]
    [InlineData("state,action,next_state,probability,reward\n0,0,0,one,1", "0,1", "line 2: probability is 'one'")]
    [InlineData("state,action,next_state,probability,reward\n0,0,0,-1,1", "0,1", "the probability of next state 0 is -1")]
    [InlineData("state,action,next_state,probability,reward\n0,0,0,0.5,1", "0,1", "state 0, action 0: the probabilities sum to 0.5")]
    [InlineData("state,action,next_state,probability,reward,terminal\n0,0,0,1,1,maybe", "0,1", "terminal is 'maybe'")]
    [InlineData("state,action,next_state,probability,reward\n0,0,0,1,1", "0,0.4", "the start probabilities sum to 0.4")]
    [InlineData("state,action,next_state,probability,reward\n0,0,0,1,1", "0,0.5\n0,0.5", "start.csv', line 3: state 0 stands twice")]
    [InlineData("state,action,next_state,probability,reward\n0,0,2000000000,1,1", "0,1", "2000000001 states and 1 actions for 1 transitions")]
    [InlineData("state,action,next_state,probability,reward\n0,9000000,9000000,1,1", "0,1", "9000001 states and 9000001 actions")]
    public void Read_OfBadCsv_SaysFileLineAndWhatWasFound(string transitions, string start, string expected)
    {
        File.WriteAllText(Path.Combine(_folder, "transitions.csv"), transitions);
        File.WriteAllText(Path.Combine(_folder, "start.csv"), "state,probability\n" + start);
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => TabularFiles.Read(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfMissingFiles_NamesThem()
    {
        Assert.Contains("holds no MDP", Error(_folder), StringComparison.Ordinal);
        Assert.Contains("does not exist", Error(Path.Combine(_folder, "none.npz")), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "transitions.csv"), "state,action,next_state,probability,reward\n0,0,0,1,1");
        Assert.Contains("start.csv' does not exist", Error(_folder), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "other.csv"), "");
        Assert.Contains("holds no MDP", Error(Path.Combine(_folder, "other.csv")), StringComparison.Ordinal);
        Assert.Contains("expected state, action, next_state", Error(Path.Combine(Checkout.Root, "tests", "golden", "numpy", "lone.npy")), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfDenseArrays_ChecksTheirShapes()
    {
        var path = Path.Combine(_folder, "dense.npz");
        Dense(path, [0.5, 0.5, 0, 1, 1, 0, 0, 1], [2, 2, 2], [1, 0, 0, 0], [2, 2], [1, 0]);
        var mdp = TabularFiles.Read(path).Mdp;
        Assert.Equal(1, mdp.ExpectedReward(0, 0));
        Assert.Equal(5, mdp.TransitionCount);
        File.Delete(path);
        Dense(path, [0.5, 0.5, 0, 1, 1, 0, 0, 1], [2, 1, 4], [1, 0, 0, 0], [2, 2], [1, 0]);
        Assert.Contains("array 'tx_mat' has the shape (2, 1, 4); expected (S, A, S)", Error(path), StringComparison.Ordinal);
        File.Delete(path);
        Dense(path, [0.5, 0.5, 0, 1, 1, 0, 0, 1], [2, 2, 2], [1, 0, 0, 0], [4], [1, 0]);
        Assert.Contains("array 'r_mat' has the shape (4); expected (2, 2, 2) or (2, 2)", Error(path), StringComparison.Ordinal);
        File.Delete(path);
        Dense(path, [0.5, 0.5, 0, 1, 1, 0, 0, 0.9], [2, 2, 2], [1, 0, 0, 0], [2, 2], [1, 0]);
        Assert.Contains("state 1, action 1: the probabilities sum to 0.9", Error(path), StringComparison.Ordinal);
        File.Delete(path);
        Dense(path, [0.5, 0.5, 0, 1, 1, 0, 0, 1], [2, 2, 2], [1, 0, 0, 0], [2, 2], [1, 0]);
        File.WriteAllText(Path.Combine(_folder, "admissible_actions.txt"), "1 2\n1\n0 1\n");
        Assert.Equal([false, true, true, true], TabularFiles.Read(path).Mdp.Mask.ToArray());
        File.WriteAllText(Path.Combine(_folder, "admissible_actions.txt"), "1 2\n1\n0 2\n");
        Assert.Contains("admissible_actions.txt', line 3: '2' was found; expected actions from 0 to 1", Error(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfIcuSepsisCsv_IsTheSameAsItsArrays()
    {
        var archive = SharedData.Require("icu_sepsis/icu-sepsis-csv-tables.tar.gz");
        using (var tar = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress)))
        {
            while (tar.GetNextEntry() is { } entry)
            {
                var name = Path.GetFileName(entry.Name);
                if (entry.DataStream is null || name.StartsWith("._", StringComparison.Ordinal) || !(name.EndsWith(".csv", StringComparison.Ordinal) || name == "admissibleActions.txt"))
                    continue;
                var folder = Path.Combine(_folder, entry.Name.Contains("/extras/", StringComparison.Ordinal) ? "extras" : "");
                Directory.CreateDirectory(folder);
                entry.ExtractToFile(Path.Combine(folder, name), overwrite: true);
            }
        }

        var csv = TabularFiles.Read(_folder);
        var npz = TabularFiles.Read(SharedData.Require("icu_sepsis/dynamics.npz"));
        Assert.Equal(npz.Mdp.TransitionCount, csv.Mdp.TransitionCount);
        Assert.Equal(npz.Mdp.Mask.ToArray(), csv.Mdp.Mask.ToArray());
        Assert.False(csv.MaskByDefault);
        Assert.Equal(npz.Policies["expert"], csv.Policies["expert"]);
        Assert.Equal(
            TabularSolver.Evaluate(npz.Default, TabularPolicy.Uniform(npz.Default)).Return,
            TabularSolver.Evaluate(csv.Default, TabularPolicy.Uniform(csv.Default)).Return,
            1e-12);
    }

    static void Dense(string path, double[] transitions, long[] shape, double[] rewards, long[] rewardShape, double[] start)
    {
        using var npz = NpzWriter.Create(path);
        npz.Add<double>("tx_mat", transitions, shape);
        npz.Add<double>("r_mat", rewards, rewardShape);
        npz.Add<double>("d_0", start);
        npz.Commit();
    }

    static void Write(TabularMdp mdp, string path, bool npz)
    {
        if (npz)
            TabularFiles.WriteNpz(mdp, path);
        else
            TabularFiles.WriteCsv(mdp, path);
    }

    static string Error(string path) => Assert.Throws<UserErrorException>(() => TabularFiles.Read(path)).Message;
}
