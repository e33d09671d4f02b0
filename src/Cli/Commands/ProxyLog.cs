using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

internal static partial class ProxyLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{File}: {Field}: unknown field; ignored")]
    internal static partial void FieldUnknown(this ILogger logger, string file, string field);

    [LoggerMessage(Level = LogLevel.Warning, Message = "--{Flag}: ignored, as {File} takes the place of flags")]
    internal static partial void FlagIgnored(this ILogger logger, string flag, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Doubt}")]
    internal static partial void Doubted(this ILogger logger, string doubt);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} changed: ending, so that the next start reads it")]
    internal static partial void FileChanged(this ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy mode {Asked} cannot be had here, {Mode} takes its place: {Reason}")]
    internal static partial void ModeReplaced(this ILogger logger, string asked, string mode, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "oomScoreAdj {Value} could not be set: {Reason}")]
    internal static partial void OomScoreNotSet(this ILogger logger, int value, string reason);
}
