using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

public sealed class TensorTests
{
    static float[] Floats(Tensor tensor) => tensor.data<float>().ToArray();

    [Fact]
    public void Tensor_FromArray_CopiesAndKeepsShapeAndType()
    {
        using var scope = NewDisposeScope();
        float[] values = [1, 2, 3, 4, 5, 6];
        var x = tensor(values, [2, 3]);
        values[0] = 100;
        Assert.Equal([2L, 3L], x.shape);
        Assert.Equal([3L, 1L], x.stride());
        Assert.Equal(ScalarType.Float32, x.dtype);
        Assert.Equal(1f, x[0, 0].item<float>());
        Assert.Equal([1f, 4, 2, 5, 3, 6], Floats(x.t()));
        Assert.Equal(ScalarType.Float64, tensor(new[] { 1.0 }).dtype);
        Assert.Equal(ScalarType.Int64, tensor(3L).dtype);
        Assert.Equal(ScalarType.Bool, tensor(new[] { true }).dtype);
        Assert.Equal([1f, 2, 3, 4], Floats(tensor(new float[,] { { 1, 2 }, { 3, 4 } }).flatten()));
    }

    [Fact]
    public void Bytes_OfATensor_ReadAndWriteItsStorage()
    {
        using var scope = NewDisposeScope();
        var x = zeros(4);
        MemoryMarshal.Cast<byte, float>(x.bytes)[2] = 5;
        Assert.Equal([0f, 0, 5, 0], Floats(x));
        x.data<float>()[1] = 7;
        Assert.Equal(7f, x[1].item<float>());
    }

    [Fact]
    public void To_OtherType_ConvertsAndSameTypeSharesStorage()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1.7f, -1.7f });
        Assert.Equal([1L, -1L], x.@long().data<long>().ToArray());
        x.to(ScalarType.Float32).fill_(3);
        Assert.Equal([3f, 3f], Floats(x));
        x.to(ScalarType.Float32, copy: true).fill_(4);
        Assert.Equal([3f, 3f], Floats(x));
    }

    [Fact]
    public void Indexing_ThroughTheSetter_WritesInPlace()
    {
        using var scope = NewDisposeScope();
        var x = zeros(3, 3);
        x[1] = ones(3);
        x[TensorIndex.Ellipsis, 2] = full(3, 5.0);
        x[tensor(new[] { 0L, 2 }), tensor(new[] { 0L, 1 })] = tensor(new[] { 8f, 9f });
        Assert.Equal([8f, 0, 5, 1, 1, 5, 0, 9, 5], Floats(x));
    }

    [Fact]
    public void Indexing_WithTensorAmongOthers_KeepsTheirAxes()
    {
        using var scope = NewDisposeScope();
        var x = arange(24, dtype: ScalarType.Float32).reshape(2, 3, 4);
        var rows = x[TensorIndex.Single(1), TensorIndex.Colon, TensorIndex.Tensor(tensor(new[] { 3L, 0 }))];
        Assert.Equal([15f, 12, 19, 16, 23, 20], Floats(rows));
        var masked = x[TensorIndex.Tensor(x.sum(2) > 40), TensorIndex.Slice(2)];
        Assert.Equal([14f, 15, 18, 19, 22, 23], Floats(masked));
    }

    [Fact]
    public void InPlaceOperators_ReturnAnAliasOfTheSameTensor()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2);
        var alias = x.add_(1);
        Assert.NotSame(x, alias);
        alias.mul_(3);
        Assert.Equal([3f, 3f], Floats(x));
    }

    [Fact]
    public void Scatter_WithTensorSource_PlacesIt()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 3);
        x.scatter_(1, tensor(new[] { 2L, 0 }, [2, 1]), ones(2, 1));
        Assert.Equal([0f, 0, 1, 1, 0, 0], Floats(x));
        Assert.Equal([0f, 0, 2, 2, 0, 0], Floats(x.scatter_add(1, tensor(new[] { 2L, 0 }, [2, 1]), ones(2, 1))));
    }

    [Fact]
    public void Lists_OfManyTensors_ComeBackWhole()
    {
        using var scope = NewDisposeScope();
        var parts = arange(40).unbind();
        Assert.Equal(40, parts.Length);
        Assert.Equal(39L, parts[39].item<long>());
        Assert.Equal([3L, 3, 1], arange(7).split(3).Select(t => t.numel()));
        Assert.Equal([1L, 6], arange(7).split([1L, 6]).Select(t => t.numel()));
        Assert.Equal(780L, stack(parts).sum().item<long>());
    }

    [Fact]
    public void Sort_AndTopK_GiveValuesAndIndices()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 3f, 1, 2 });
        var (values, indices) = x.sort(descending: true);
        Assert.Equal([3f, 2, 1], Floats(values));
        Assert.Equal([0L, 2, 1], indices.data<long>().ToArray());
        Assert.Equal([3f, 2], Floats(x.topk(2).values));
        Assert.Equal(0L, x.argmax().item<long>());
        Assert.Equal(2f, x.median().item<float>());
    }

    [Theory]
    [InlineData("matmul")]
    [InlineData("view")]
    [InlineData("cat")]
    public void NativeError_OfAnOperator_NamesIt(string operation)
    {
        using var scope = NewDisposeScope();
        var error = Assert.ThrowsAny<ExternalException>(() => operation switch
        {
            "matmul" => ones(2, 3).mm(ones(2, 3)),
            "view" => ones(2, 3).view(4),
            _ => cat([ones(2, 3), ones(3, 2)]),
        });
        Assert.True(error.Message.Length > 20);
    }

    [Fact]
    public void Metadata_OfATensor_IsWhatWasAskedFor()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 3, 4, dtype: float64);
        Assert.Equal((24L, 3L, 8L, 4L), (x.NumberOfElements, x.dim(), x.ElementSize, x.size(-1)));
        Assert.Equal((DeviceType.CPU, -1, false, true), (x.device_type, x.device_index, x.is_cuda, x.is_cpu()));
        Assert.Equal((true, false), (x.is_floating_point(), x.is_integral()));
        Assert.True(arange(3).is_integral());
        Assert.True(x.is_contiguous());
        Assert.False(x.transpose(0, 2).is_contiguous());
        Assert.Equal(12L, x[1].storage_offset());
        Assert.Equal("cpu", x.device.ToString());
        Assert.Equal("cuda:1", new Device("cuda:1").ToString());
    }

    [Fact]
    public void Item_OfSeveralElements_Throws()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => ones(2).item<float>());
    }

    [Theory]
    [InlineData(2.5)]
    [InlineData(-1.0)]
    public void Scalars_OfEachKind_KeepTypeAndValue(double value)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(value, (ones(1, dtype: ScalarType.Float64) * value).ToDouble());
        Assert.Equal(ScalarType.Int64, (ones(1, dtype: ScalarType.Int64) * 2).dtype);
        Assert.Equal(ScalarType.Float32, (ones(1, dtype: ScalarType.Int64) * 2.0).dtype);
        Assert.True((tensor(value) == value).ToBoolean());
    }
}
