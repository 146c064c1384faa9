using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using OfflineRL.Evaluate.Onnx;
using DataType = OfflineRL.Evaluate.Onnx.TensorProto.Types.DataType;

namespace OfflineRL.Evaluate;

/// <summary>Puts an ONNX graph together: operators of opset 17 in the order in which they are computed, tensors by name.</summary>
sealed class OnnxGraph
{
    /// <summary>The operators' version, which runtimes since 2022 have.</summary>
    public const int Opset = 17;

    /// <summary>The format's version that came with it.</summary>
    public const int IrVersion = 8;

    /// <summary>What the graph calls the number of rows.</summary>
    public const string Batch = "batch";

    readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);

    public GraphProto Proto { get; } = new() { Name = "policy" };

    /// <summary>An input; sizes of -1 are the batch.</summary>
    public string Input(string name, DataType type, string meaning, params long[] shape)
    {
        Proto.Input.Add(Value(name, type, meaning, shape));
        return name;
    }

    /// <summary>Calls a tensor by the name of an output.</summary>
    public void Output(string name, DataType type, string tensor, string meaning, params long[] shape)
    {
        Proto.Node.Add(new NodeProto { OpType = "Identity", Name = name, Input = { tensor }, Output = { name } });
        Proto.Output.Add(Value(name, type, meaning, shape));
    }

    /// <summary>A constant of floats; no shape: a vector.</summary>
    public string Floats(string name, ReadOnlySpan<float> values, params long[] shape) => Constant(name, DataType.Float, MemoryMarshal.AsBytes(values), shape.Length == 0 ? [values.Length] : shape);

    /// <summary>One float, which goes with any shape.</summary>
    public string Scalar(string name, double value) => Constant(name, DataType.Float, MemoryMarshal.AsBytes<float>([(float)value]), []);

    public string Longs(string name, params long[] values) => Constant(name, DataType.Int64, MemoryMarshal.AsBytes<long>(values), [values.Length]);

    /// <summary>A constant of any type; its name, with a number where it is taken.</summary>
    public string Constant(string name, DataType type, ReadOnlySpan<byte> bytes, long[] shape)
    {
        var unique = Unique(name);
        Proto.Initializer.Add(new TensorProto { Name = unique, DataType = type, Dims = { shape }, RawData = ByteString.CopyFrom(bytes) });
        return unique;
    }

    /// <summary>An operator with one output, whose name it returns.</summary>
    public string Node(string op, string[] inputs, params AttributeProto[] attributes)
    {
        var output = Unique(op.ToLowerInvariant());
        Proto.Node.Add(new NodeProto { OpType = op, Name = output, Input = { inputs }, Output = { output }, Attribute = { attributes } });
        return output;
    }

    public string Cast(string tensor, DataType to) => Node("Cast", [tensor], Int("to", (long)to));

    public string Reshape(string tensor, params long[] shape) => Node("Reshape", [tensor, Longs("shape", shape)]);

    /// <summary>Numbers from 0 to <paramref name="count"/> - 1 as rows with a 1 at their place.</summary>
    public string OneHot(string numbers, int count) => Node("OneHot", [numbers, Longs("depth", count), Floats("off_on", [0, 1])], Int("axis", -1));

    /// <summary>Columns <paramref name="first"/> to <paramref name="end"/> of the last axis.</summary>
    public string Columns(string tensor, long first, long end) => Node("Slice", [tensor, Longs("starts", first), Longs("ends", end), Longs("axes", -1)]);

    public string Sum(string tensor, long axis) => Node("ReduceSum", [tensor, Longs("axes", axis)], Int("keepdims", 0));

    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    static ValueInfoProto Value(string name, DataType type, string meaning, long[] shape)
    {
        var dimensions = new TensorShapeProto();
        foreach (var size in shape)
            dimensions.Dim.Add(size < 0 ? new TensorShapeProto.Types.Dimension { DimParam = Batch } : new() { DimValue = size });
        return new ValueInfoProto { Name = name, DocString = meaning, Type = new TypeProto { TensorType = new() { ElemType = type, Shape = dimensions } } };
    }

    string Unique(string name)
    {
        var count = _used[name] = _used.GetValueOrDefault(name) + 1;
        return count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}_{count}");
    }
}
