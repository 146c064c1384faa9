using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>
/// Every digit of long runs, as a hash: the same on any processor (with 512-, 256- or 128-bit vectors or none, with fused
/// multiply-add or without), and after any change that is only to be faster.
/// </summary>
/// <remarks>DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0 and DOTNET_EnableHWIntrinsic=0 make one processor stand in for others.</remarks>
public sealed class PinnedDigitsTests
{
    [Theory]
    [InlineData("CartPole-v1", "946187C2133AC4CB")]
    [InlineData("CartPole-v1?gravity=15&start=0.2", "D3EE4EA6C0597A4E")]
    [InlineData("MountainCar-v0", "3BFD2B8FCB1BAD29")]
    [InlineData("MountainCarContinuous-v0?power=0.0025", "7F75BA1E2018C263")]
    [InlineData("Acrobot-v1?torque_noise=1", "89857C5D5BA932F6")]
    [InlineData("Acrobot-v1?torque=5", "E74FAE2B76743E9F")]
    [InlineData("Pendulum-v1", "C750C5F6AB964372")]
    [InlineData("Pendulum-v0?start_speed=6", "1631B7F041D75D12")]
    [InlineData("DMSD", "8E67C6BE4C8D2443")]
    public void Step_OverLongRuns_GivesTheSameDigitsAsEver(string id, string digits)
    {
        const int Count = 11, Steps = 1200;
        using var batch = new Batch(id, Count).Reset(Enumerable.Range(0, Count).Select(i => (ulong)i).ToArray());
        var environment = (IStatefulEnvironment)batch.Environment;
        var random = RandomStream.Create(17, "actions");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var state = new double[environment.StateNames.Count];
        for (var t = 0; t < Steps; t++)
        {
            batch.Step(Actions.Repeat(environment.ActionSpace, Count, random).Batch);
            hash.AppendData(MemoryMarshal.AsBytes<float>(batch.Observations));
            hash.AppendData(MemoryMarshal.AsBytes<double>(batch.Rewards));
            hash.AppendData(MemoryMarshal.AsBytes<bool>(batch.Terminated));
            for (var i = 0; i < Count; i++)
            {
                environment.GetState(i, state);
                hash.AppendData(MemoryMarshal.AsBytes<double>(state));
            }
        }

        Assert.Equal(digits, Convert.ToHexString(hash.GetHashAndReset())[..16]);
    }
}
