using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Ingest.Arrays;

/// <summary>Files of arrays, made in a few lines.</summary>
static class ArrayFiles
{
    /// <summary>A <c>.npy</c> file as bytes, with any header.</summary>
    public static byte[] Npy(string descr, string shape, ReadOnlySpan<byte> data, bool fortran = false)
    {
        var text = $"{{'descr': {descr}, 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}";
        text = text.PadRight(((text.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. Encoding.ASCII.GetBytes(text), .. data];
    }

    public static byte[] Floats(string shape, params float[] values) => Npy("'<f4'", shape, Bytes(values));

    public static byte[] Doubles(string shape, params double[] values) => Npy("'<f8'", shape, Bytes(values));

    public static byte[] Longs(string shape, params long[] values) => Npy("'<i8'", shape, Bytes(values));

    public static byte[] Flags(string shape, params bool[] values) => Npy("'|b1'", shape, Bytes(values));

    public static byte[] Bytes<T>(T[] values)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>An archive of <c>.npy</c> members.</summary>
    public static string Npz(this Recording recording, string name, params (string Name, byte[] Npy)[] members)
    {
        var path = Path.Combine(recording.Workspace.Root, name);
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (member, npy) in members)
        {
            using var stream = zip.CreateEntry(member + ".npy").Open();
            stream.Write(npy);
        }

        return path;
    }

    public static string WriteBytes(this Recording recording, string name, byte[] bytes, bool gzip = false)
    {
        var path = Path.Combine(recording.Workspace.Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using Stream file = gzip ? new GZipStream(File.Create(path), CompressionLevel.Fastest) : File.Create(path);
        file.Write(bytes);
        return path;
    }

    /// <summary>Five steps of two episodes under D4RL's names.</summary>
    public static (string Name, byte[] Npy)[] D4rl() =>
    [
        ("observations", Floats("(5, 2)", 0, 1, 2, 3, 4, 5, 10, 11, 12, 13)),
        ("actions", Doubles("(5, 1)", 0.5, -0.5, 0.25, 1, 2)),
        ("rewards", Floats("(5,)", 1, 2, 3, 4, 5)),
        ("terminals", Flags("(5,)", false, false, true, false, false)),
        ("timeouts", Flags("(5,)", false, false, false, false, true)),
    ];

    /// <summary>The same with one array replaced, added, or (null) left out.</summary>
    public static (string Name, byte[] Npy)[] With(this (string Name, byte[] Npy)[] arrays, string name, byte[]? npy) =>
        [.. arrays.Where(a => a.Name != name), .. npy is null ? [] : new[] { (name, npy) }];

    public static List<(float[] Observations, double[] Rewards, bool Terminated, float[] Final, float[] Actions, int[] Discrete)> Episodes(this Dataset dataset)
    {
        var episodes = new List<(float[], double[], bool, float[], float[], int[])>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
            episodes.Add((e.Observations.ToArray(), e.Rewards.ToArray(), e.Terminated, e.FinalObservation.ToArray(), e.ContinuousActions.ToArray(), e.DiscreteActions.ToArray())));
        return episodes;
    }

    /// <summary>Runs a Python program with NumPy and h5py of the system; skips the test where they are absent.</summary>
    public static string Python(string program, params string[] arguments)
    {
        const string Interpreter = "/usr/bin/python3";
        Assert.SkipUnless(File.Exists(Interpreter) && Run("import numpy, h5py", []).Code == 0, "Python with NumPy and h5py is not there (Debian: apt-get install python3-h5py).");
        var (code, output) = Run(program, arguments);
        Assert.True(code == 0, output);
        return output;

        static (int Code, string Output) Run(string program, string[] arguments)
        {
            var start = new ProcessStartInfo(Interpreter, ["-c", program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + error.GetAwaiter().GetResult());
        }
    }
}
