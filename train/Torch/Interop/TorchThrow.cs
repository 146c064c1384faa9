using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using OfflineRL.Torch;

namespace TorchSharp.Interop;

/// <summary>Every exception that the binding throws.</summary>
static class TorchThrow
{
    /// <summary>What the last failed call left behind, as a <see cref="TorchException"/> that names the operation.</summary>
    [DoesNotReturn]
    internal static void Native(string operation) => throw FromNative(operation);

    internal static TorchException FromNative(string operation)
    {
        var text = Marshal.PtrToStringUTF8(Native_LastError()) ?? "";
        return new TorchException(operation, text);
    }

    static IntPtr Native_LastError() => NativeMethods.ofl_last_error();

    internal static TorchUnavailableException LibraryMissing(string from) => new(
        $"libofflinerl_torch.so, the bridge to libtorch, was found neither beside the program ({from}) nor in a " +
        ".artifacts/native folder above it. Run 'make setup' (LIBTORCH=DIR for a libtorch of your own), or set OFFLINERL_TORCH_SHIM to the file.");

    internal static TorchUnavailableException NamedLibraryMissing(string file) => new(
        $"OFFLINERL_TORCH_SHIM names '{file}', which is not a file; expected libofflinerl_torch.so. Run 'make setup', or unset it.");

    internal static TorchUnavailableException LibraryDoesNotLoad(string file, Exception cause) => new(
        $"'{file}' does not load: {cause.Message.Trim().Split('\n')[^1].Trim()} It needs the libtorch it was built against: install " +
        "libtorch-dev or set LIBTORCH to an unpacked libtorch, and run 'make setup' again.", cause);

    internal static TorchUnavailableException LibraryOfAnotherBuild(string file, int found, int expected) => new(
        $"'{file}' was built from other sources: its exports are version {found}, expected {expected}. Run 'make setup' (or ./.ci/setup.sh) to build it anew.");

    internal static TorchUnavailableException NoSuchDevice(string device, int cudaDevices) => new(
        $"device '{device}' is not available: this libtorch sees {cudaDevices} CUDA device(s). Use 'cpu' or 'auto'" +
        (cudaDevices > 0 ? $", or 'cuda:0' to 'cuda:{cudaDevices - 1}'." : ", or a libtorch with CUDA (LIBTORCH) on a machine with a GPU."));

    [DoesNotReturn]
    internal static void Disposed() =>
        throw new ObjectDisposedException("torch.Tensor", "Tensor invalid -- empty handle: it was disposed, or its dispose scope has ended.");

    internal static InvalidOperationException NotInAGraph(string what) => new(
        $"{what} cannot be part of a function that is captured: do it before, and give the result to the function.");

    internal static InvalidOperationException NotTaped(string what) => new(
        $"{what} cannot be part of a function that is captured: expected rand, randn, randint or TorchExtras.Clocks, with the generator that the function is given.");

    internal static ArgumentException BadArgument(string message, string name) => new(message, name);
}
