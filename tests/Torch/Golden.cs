using System.Text.Json;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>PyTorch's numbers, stored by tests/golden/torch_golden.py.</summary>
static class Golden
{
    static readonly Dictionary<string, GoldenCase> Cases = Load();

    /// <summary>The names of all cases of a group, such as "loss".</summary>
    public static IEnumerable<string> Names(string group) => Cases.Keys.Where(n => n.StartsWith(group + ".", StringComparison.Ordinal)).Select(n => n[(group.Length + 1)..]);

    public static GoldenCase Case(string name) => Cases[name];

    static Dictionary<string, GoldenCase> Load()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "golden", "torch_golden.json")));
        return document.RootElement.GetProperty("cases").EnumerateObject().ToDictionary(
            c => c.Name, c => new GoldenCase(c.Name, Tensors(c.Value.GetProperty("in")), Tensors(c.Value.GetProperty("out"))));
    }

    static Dictionary<string, (long[], double[])> Tensors(JsonElement element) => element.EnumerateObject().ToDictionary(
        t => t.Name, t => (t.Value.GetProperty("s").Deserialize<long[]>()!, t.Value.GetProperty("d").Deserialize<double[]>()!));
}

/// <summary>The inputs and outputs of one stored computation.</summary>
sealed record GoldenCase(string Name, Dictionary<string, (long[] Shape, double[] Values)> Inputs, Dictionary<string, (long[] Shape, double[] Values)> Outputs)
{
    public Tensor In(string name) => tensor(Inputs[name].Values, Inputs[name].Shape, ScalarType.Float32);

    /// <summary>Asserts shape and values of one output.</summary>
    public void Check(string output, Tensor actual, double tolerance = 2e-5)
    {
        var (shape, values) = Outputs[output];
        Assert.NotEmpty(values);
        Assert.True(shape.SequenceEqual(actual.shape), $"{Name}.{output}: shape [{string.Join(", ", actual.shape)}], PyTorch gave [{string.Join(", ", shape)}]");
        var got = actual.to(ScalarType.Float64).cpu().data<double>().ToArray();
        for (var k = 0; k < values.Length; k++)
        {
            var allowed = tolerance * (1 + Math.Abs(values[k]));
            Assert.True(Math.Abs(got[k] - values[k]) <= allowed, $"{Name}.{output}[{k}]: {got[k]}, PyTorch gave {values[k]}");
        }
    }
}
