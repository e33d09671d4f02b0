using System.Globalization;
using System.Net;

namespace Dataplane.Hosting.Grpc;

/// <summary>How a call ended: grpc-status in the trailers, or in the head when there is nothing else.</summary>
internal static class GrpcStatus
{
    /// <exception cref="RpcException">The answer is only a status that is not OK, or is no gRPC.</exception>
    public static void CheckHead(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new RpcException(StatusCode.Unavailable, $"HTTP status {(int)response.StatusCode}");
        }

        Check(response.Headers);
    }

    /// <summary>After the last message.</summary>
    /// <exception cref="RpcException">The status is not OK.</exception>
    public static void CheckEnd(HttpResponseMessage response) => Check(response.TrailingHeaders);

    /// <summary>A connection that broke.</summary>
    public static RpcException Broken(Exception failure)
    {
        var unsent = failure is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        };
        return new RpcException(StatusCode.Unavailable, (failure.InnerException ?? failure).Message, wasSent: !unsent, failure);
    }

    private static void Check(System.Net.Http.Headers.HttpResponseHeaders headers)
    {
        if (!headers.TryGetValues("grpc-status", out var values))
        {
            return;
        }

        var code = int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (StatusCode)number : StatusCode.Unknown;
        if (code != StatusCode.OK)
        {
            var message = headers.TryGetValues("grpc-message", out var texts) ? Uri.UnescapeDataString(texts.First()) : "";
            throw new RpcException(code, message);
        }
    }
}
