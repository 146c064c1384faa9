using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

/// <summary>Numbers of a folder of tests/golden, as tensors.</summary>
sealed class Golden(string file, string section, string folder = "value")
{
    readonly JsonElement _section = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "golden", folder, file))).RootElement.GetProperty(section);

    public double Number(string name) => _section.GetProperty(name).GetDouble();

    public Tensor Floats(string name)
    {
        var (values, shape) = Read(name);
        return tensor(values.Select(value => (float)value.GetDouble()).ToArray()).reshape(shape);
    }

    public Tensor Doubles(string name)
    {
        var (values, shape) = Read(name);
        return tensor(values.Select(value => value.GetDouble()).ToArray()).reshape(shape);
    }

    public Tensor Longs(string name)
    {
        var (values, shape) = Read(name);
        return tensor(values.Select(value => value.GetInt64()).ToArray()).reshape(shape);
    }

    public Tensor Bools(string name)
    {
        var (values, shape) = Read(name);
        return tensor(values.Select(value => value.GetBoolean()).ToArray()).reshape(shape);
    }

    (List<JsonElement> Values, long[] Shape) Read(string name)
    {
        var (values, shape) = (new List<JsonElement>(), new List<long>());
        for (var axis = _section.GetProperty(name); axis.ValueKind == JsonValueKind.Array; axis = axis[0])
            shape.Add(axis.GetArrayLength());
        Flatten(_section.GetProperty(name), values);
        return (values, [.. shape]);
    }

    static void Flatten(JsonElement element, List<JsonElement> values)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            values.Add(element);
            return;
        }

        foreach (var item in element.EnumerateArray())
            Flatten(item, values);
    }

    /// <summary>Fails where the shapes differ, or a number by more than <paramref name="tolerance"/>.</summary>
    public static void AssertClose(Tensor expected, Tensor actual, double tolerance = 1e-6)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.numel() > 0);
        Assert.True(Distance(expected, actual) <= tolerance, $"differ by {Distance(expected, actual)}");
    }

    public static double Distance(Tensor expected, Tensor actual) =>
        expected.detach().to(ScalarType.Float64).sub(actual.detach().to(ScalarType.Float64)).abs().max().ToDouble();
}
