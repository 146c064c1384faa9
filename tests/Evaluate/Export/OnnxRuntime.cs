using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using OfflineRL.Evaluate.Onnx;

namespace OfflineRL.Tests.Evaluate.Export;

/// <summary>ONNX Runtime in a Node process; tests that need it skip, saying so, where it is absent.</summary>
sealed class OnnxRuntime : IDisposable
{
    static readonly string Packages = Path.Combine(Checkout.Root, ".artifacts", "npm-onnx");

    readonly string _folder = Directory.CreateTempSubdirectory("onnx-").FullName;
    readonly List<object> _cases = [];

    public OnnxRuntime() => Assert.SkipUnless(
        File.Exists(Path.Combine(Packages, "installed.json")), $"the npm package onnxruntime-node is not in '{Packages}'; .ci/setup-npm.sh onnx brings it.");

    /// <summary>A model with its inputs, to be run.</summary>
    public void Add(ModelProto model, params OnnxInput[] inputs) => Add(model.ToByteArray(), inputs);

    public void Add(byte[] model, params OnnxInput[] inputs)
    {
        var name = $"case-{_cases.Count}.onnx";
        File.WriteAllBytes(Path.Combine(_folder, name), model);
        foreach (var input in inputs)
            File.WriteAllBytes(Path.Combine(_folder, $"{name}.{input.Name}.in"), input.Bytes);
        _cases.Add(new { model = name, inputs = inputs.ToDictionary(i => i.Name, i => new { type = i.Type, dims = i.Dims, file = $"{name}.{i.Name}.in" }) });
    }

    /// <summary>Runs all that were added; what came out, in their order.</summary>
    public IReadOnlyList<OnnxResult> Run()
    {
        File.WriteAllText(Path.Combine(_folder, "cases.json"), JsonSerializer.Serialize(_cases));
        var script = Path.Combine(Checkout.Root, "tests", "Evaluate", "Export", "run.mjs");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("OFFLINERL_NODE") ?? "node", [script, Packages, _folder]) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
        using var results = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "results.json")));
        return [.. results.RootElement.EnumerateArray().Select((r, i) => new OnnxResult(Path.Combine(_folder, $"case-{i}.onnx"), r.Clone()))];
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>An input of a model, as ONNX Runtime calls its types.</summary>
sealed record OnnxInput(string Name, string Type, int[] Dims, byte[] Bytes)
{
    public static OnnxInput Floats(string name, float[] values, params int[] dims) => new(name, "float32", dims, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public static OnnxInput Longs(string name, long[] values, params int[] dims) => new(name, "int64", dims, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public static OnnxInput Bytes8(string name, byte[] values, params int[] dims) => new(name, "uint8", dims, values);

    public static OnnxInput Bools(string name, bool[] values, params int[] dims) => new(name, "bool", dims, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
}

/// <summary>What came out of a model, and what stands in its file.</summary>
sealed record OnnxResult(string Path, JsonElement Json)
{
    public JsonElement File => Json.GetProperty("file");

    public IEnumerable<string> Outputs => Json.GetProperty("outputs").EnumerateObject().Select(o => o.Name);

    public int[] Dims(string output) => [.. Json.GetProperty("outputs").GetProperty(output).GetProperty("dims").EnumerateArray().Select(d => d.GetInt32())];

    public float[] Floats(string output) => MemoryMarshal.Cast<byte, float>(Read(output, "float32")).ToArray();

    public long[] Longs(string output) => MemoryMarshal.Cast<byte, long>(Read(output, "int64")).ToArray();

    byte[] Read(string output, string type)
    {
        Assert.Equal(type, Json.GetProperty("outputs").GetProperty(output).GetProperty("type").GetString());
        return System.IO.File.ReadAllBytes($"{Path}.{output}.bin");
    }
}
