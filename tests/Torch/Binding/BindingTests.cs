using OfflineRL.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch.Binding;

/// <summary>What only this library's own binding promises; left out where the solution is built on TorchSharp.</summary>
public sealed class BindingTests
{
    [Fact]
    public void HostReads_CountsWhatWaitsForADevice_AndNothingElse()
    {
        using var scope = NewDisposeScope();
        var before = TorchExtras.HostReads;
        var x = ones(2, 3).mm(zeros(3, 2)).to(ScalarType.Float64).add(1).sum();
        Assert.Equal(before, TorchExtras.HostReads);
        _ = x.ToDouble();
        Assert.Equal(before + 1, TorchExtras.HostReads);
        _ = (x.cpu(), x.Equals(x), x.allclose(x), x.nonzero(), x.masked_select(x.gt(0)));
        Assert.Equal(before + 6, TorchExtras.HostReads);
    }

    [Fact]
    public void NativeError_Always_BeginsWithTheOperatorsName()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<TorchException>(() => ones(2, 3).mm(ones(2, 3)));
        Assert.Equal("aten::mm", error.Operation);
        Assert.StartsWith("aten::mm: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("2x3 and 2x3", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("frame #", error.Message, StringComparison.Ordinal);
        Assert.Equal("aten::div_.Tensor_mode", Assert.Throws<TorchException>(() => ones(2, dtype: int64).div_(ones(2))).Operation);
        Assert.Equal("backward", Assert.Throws<TorchException>(() => ones(2).sum().backward()).Operation);
    }

    [Fact]
    public void NativeError_OnOneThread_DoesNotShowOnAnother()
    {
        using var scope = NewDisposeScope();
        Parallel.For(2, 30, new ParallelOptions { MaxDegreeOfParallelism = 4 }, size =>
        {
            using var a = ones(size, size + 1);
            for (var k = 0; k < 20; k++)
            {
                var error = Assert.Throws<TorchException>(() => a.mm(a));
                Assert.Contains($"{size}x{size + 1} and {size}x{size + 1}", error.Message, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void Device_ThatIsNotThere_IsSaidWithWhatToDo()
    {
        Assert.SkipWhen(cuda.is_available(), "this machine has a GPU");
        var error = Assert.Throws<TorchUnavailableException>(() => ones(2, device: new Device("cuda:3")));
        Assert.Contains("cuda:3", error.Message, StringComparison.Ordinal);
        Assert.Contains("LIBTORCH", error.Message, StringComparison.Ordinal);
        Assert.Throws<TorchUnavailableException>(() => CUDA);
        Assert.Throws<ArgumentException>(() => new Device("gpu"));
    }

    [Theory]
    [InlineData("cuda:7")]
    [InlineData("gpu")]
    [InlineData("cuda:x")]
    [InlineData("")]
    public void SelectDevice_OfAnUnusableName_SaysIt(string name)
    {
        Assert.SkipWhen(cuda.device_count() > 7, "this machine has that many GPUs");
        Assert.Contains($"'{name}'", Assert.Throws<TorchUnavailableException>(() => TorchExtras.SelectDevice(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SelectDevice_OfAuto_GivesTheBestThereIs()
    {
        Assert.Equal(cuda.is_available() ? DeviceType.CUDA : DeviceType.CPU, TorchExtras.SelectDevice("auto").type);
        Assert.Equal(DeviceType.CPU, TorchExtras.SelectDevice("cpu").type);
    }

    [Fact]
    public void Sum_OfLiteralZero_RefusesInsteadOfSummingIntoAByte()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("sum(0L)", Assert.Throws<ArgumentException>(() => ones(2, 3).sum(0)).Message, StringComparison.Ordinal);
        Assert.Equal([3L], ones(2, 3).sum(0L).shape);
    }

    [Fact]
    public void Operators_OfTheBinding_AllExistInThisLibtorch()
    {
        var operators = typeof(Ops).GetFields(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic).Select(f => (TorchSharp.Interop.Op)f.GetValue(null)!).ToList();
        Assert.True(operators.Count > 150, $"only {operators.Count} operators found");
        Assert.All(operators, o => o.Find());
        Assert.Contains("aten::no_such", Assert.Throws<TorchException>(() => new TorchSharp.Interop.Op("no_such").Find()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FlatAdam_GradientReplacedByAnotherTensor_Refuses()
    {
        using var scope = NewDisposeScope();
        var parameter = new TorchSharp.Modules.Parameter(ones(3));
        using var flat = new FlatParameters([parameter]);
        using var adam = new FlatAdam(flat);
        adam.Step();
        parameter.grad = ones(3);
        Assert.Throws<InvalidOperationException>(() => adam.Step());
    }

    [Fact]
    public void Threads_Set_AreTheOnesRead()
    {
        var before = TorchExtras.Threads;
        try
        {
            TorchExtras.Threads = 2;
            Assert.Equal(2, get_num_threads());
        }
        finally
        {
            TorchExtras.Threads = before;
        }
    }

    [Fact]
    public void Describe_NamesTheLibrary() => Assert.StartsWith("libtorch ", TorchExtras.Describe(), StringComparison.Ordinal);

    [Fact]
    public void Finalizer_OfAForgottenTensor_GivesItsMemoryBack()
    {
        static void Forget()
        {
            for (var k = 0; k < 200; k++) ones(1 << 20);
        }
        Forget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        // 200 x 4 MiB were made; collections along the way and this one freed all but what other tests hold.
        Assert.True(TorchExtras.Memory.LiveBytes < 200 << 20, $"{TorchExtras.Memory.LiveBytes} bytes live");
    }

    [Fact]
    public void LiveBytes_OfViews_CountTheStorageOnce()
    {
        var statistics = TorchExtras.Memory;
        Assert.True(statistics.PeakTensors >= statistics.LiveTensors);
        using var scope = NewDisposeScope();
        var owner = ones(64 << 20);
        var before = TorchExtras.Memory.LiveBytes;
        var views = Enumerable.Range(0, 100).Select(_ => owner.view(8, -1)).ToArray();
        Assert.True(TorchExtras.Memory.LiveBytes - before < 256 << 20);
        Assert.Equal(100, views.Length);
    }
}
