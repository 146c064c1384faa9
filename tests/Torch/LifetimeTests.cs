using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>Counts of live tensors are process-wide: these tests run alone.</summary>
[Collection(nameof(LifetimeTests))]
[CollectionDefinition(nameof(LifetimeTests), DisableParallelization = true)]
public sealed class LifetimeTests
{
    [Fact]
    public void TrainingLoop_OfAThousandSteps_LeavesNoTensorBehind()
    {
        using var network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2));
        using var optimizer = optim.Adam(network.parameters());
        long after10 = 0, before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var step = 1; step <= 1000; step++)
        {
            using (var scope = NewDisposeScope())
            {
                var loss = nn.functional.mse_loss(network.call(ones(3, 4)), zeros(3, 2));
                optimizer.zero_grad();
                loss.backward();
                optimizer.step();
                Assert.True(scope.DisposablesCount > 3);
            }
            if (step == 10) after10 = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        }
        Assert.Equal(after10, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(before, after10);
    }

    [Fact]
    public void TotalCount_AfterAScope_IsWhatItWas()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;
        using (var scope = NewDisposeScope())
        {
            for (var k = 0; k < 50; k++) ones(3).add_(1).mul(2);
            Assert.Equal(before + 150, Tensor.TotalCount);
        }
        Assert.Equal(before, Tensor.TotalCount);
        Assert.True(Tensor.PeakCount >= before + 150);
    }

    [Fact]
    public void Dispose_Twice_IsFineAndTouchingThrows()
    {
        var x = ones(2);
        x.Dispose();
        x.Dispose();
        Assert.True(x.IsInvalid);
        Assert.ThrowsAny<InvalidOperationException>(() => x.numel());
        Assert.ThrowsAny<InvalidOperationException>(() => x.add(1));
    }

    [Fact]
    public void Scope_AtItsEnd_DisposesOfAllButWhatLeft()
    {
        Tensor moved, detached, inner;
        using var outer = NewDisposeScope();
        using (var scope = NewDisposeScope())
        {
            inner = ones(1);
            moved = ones(2).MoveToOuterDisposeScope();
            detached = scope.Detach(ones(3));
        }
        Assert.True(inner.IsInvalid);
        Assert.False(moved.IsInvalid);
        Assert.False(detached.IsInvalid);
        Assert.True(outer.Contains(moved));
        Assert.Equal(1, outer.DisposablesCount);
        outer.Dispose();
        Assert.True(moved.IsInvalid);
        Assert.False(detached.IsInvalid);
        detached.Dispose();
    }

    [Fact]
    public void Scope_AttachAndMove_ChangeTheOwner()
    {
        using var outer = NewDisposeScope();
        using var inner = NewDisposeScope();
        var (a, b) = inner.MoveToOuter(ones(1), ones(2));
        Assert.Equal((2, 0), (outer.DisposablesCount, inner.DisposablesCount));
        inner.Attach(a);
        Assert.Equal((1, 1), (outer.DisposablesCount, inner.DisposablesCount));
        a.MoveToOtherDisposeScope(b);
        Assert.Equal((2, 0), (outer.DisposablesCount, inner.DisposablesCount));
        b.DetachFromDisposeScope().MoveToOtherDisposeScope(inner);
        Assert.True(inner.Contains(b));
    }

    [Fact]
    public void Scope_DisposeEverythingBut_KeepsThat()
    {
        using var scope = NewDisposeScope();
        var gone = ones(1);
        var kept = scope.DisposeEverythingBut(ones(2));
        Assert.True(gone.IsInvalid);
        Assert.False(kept.IsInvalid);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void Scope_ThatEndsBeforeAnInnerOne_LeavesTheChainWhole()
    {
        using var outer = NewDisposeScope();
        var middle = NewDisposeScope();
        using (NewDisposeScope())
        {
            middle.Dispose();
        }
        var x = ones(1);
        Assert.True(outer.Contains(x));
    }

    [Fact]
    public void Scope_OfAnotherThread_DoesNotTakeTheTensor()
    {
        using var scope = NewDisposeScope();
        Tensor? other = null;
        var thread = new Thread(() => other = ones(1));
        thread.Start();
        thread.Join();
        Assert.False(scope.Contains(other!));
        other!.Dispose();
    }

    [Fact]
    public void Statistics_OfThisThread_CountWhatHappened()
    {
        var before = DisposeScopeManager.Statistics.TensorStatistics;
        var (madeIn, goneIn, detached) = (before.CreatedInScopeCount, before.DisposedInScopeCount, before.DetachedFromScopeCount);
        using (var scope = NewDisposeScope())
        {
            ones(1);
            ones(2).Dispose();
            ones(3).DetachFromDisposeScope().Dispose();
        }
        var after = DisposeScopeManager.Statistics.TensorStatistics;
        Assert.Equal(madeIn + 3, after.CreatedInScopeCount);
        Assert.Equal(goneIn + 2, after.DisposedInScopeCount);
        Assert.Equal(detached + 1, after.DetachedFromScopeCount);
    }
}
