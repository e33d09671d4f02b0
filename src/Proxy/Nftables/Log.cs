using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Nftables;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "Table {Table}: {Services} of {All} services")]
    internal static partial void Loading(this ILogger logger, string table, int services, int all);

    [LoggerMessage(Level = LogLevel.Information, Message = "Table {Table}: {Services} services in {Transactions} transactions, {Milliseconds:F0} ms")]
    internal static partial void Loaded(this ILogger logger, string table, int services, int transactions, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Table {Table} is incomplete and could not be removed: {Reason}")]
    internal static partial void NotDiscarded(this ILogger logger, string table, string reason);
}
