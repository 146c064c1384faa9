using System.Globalization;
using OfflineRL.Torch;
using TorchSharp;

namespace OfflineRL.Train;

/// <summary>Turns <c>auto</c>, <c>cpu</c>, <c>cuda</c> and <c>cuda:N</c> into a device that is there.</summary>
static class DeviceChoice
{
    public static bool IsWellFormed(string text) =>
        text is "auto" or "cpu" or "cuda" ||
        (text.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _));

    /// <exception cref="Datasets.UserErrorException">libtorch or the device is not there.</exception>
    public static torch.Device Resolve(string text)
    {
        try
        {
            return TorchExtras.SelectDevice(text);
        }
        catch (TorchUnavailableException e)
        {
            Throw.User(e.Message, e);
            throw;
        }
    }
}
