using System.Runtime.InteropServices;

namespace OfflineRL.Torch;

/// <summary>A failed native operation; the message begins with its name.</summary>
/// <param name="operation">The operator or shim function that failed, such as <c>aten::mm</c>.</param>
/// <param name="detail">What libtorch said.</param>
public sealed class TorchException(string operation, string detail) : ExternalException($"{operation}: {detail}")
{
    /// <summary>The operator or shim function that failed, such as <c>aten::mm</c>.</summary>
    public string Operation { get; } = operation;
}

/// <summary>
/// libtorch, the shim or the asked-for device is not there. The message is for the user and says what to do; the tool
/// prints it and ends with exit code 2.
/// </summary>
public sealed class TorchUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
