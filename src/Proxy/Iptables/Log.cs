using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "iptables rules go to {Tables} tables: {Reason}")]
    internal static partial void RuleStoreChosen(this ILogger logger, string tables, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Legacy iptables tables may still hold rules of an earlier proxy: {Reason}")]
    internal static partial void LegacyTablesNotCleaned(this ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Chain {Table} {Chain} was emptied but stays: {Reason}")]
    internal static partial void ChainStays(this ILogger logger, string table, string chain, string reason);
}
