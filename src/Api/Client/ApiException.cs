using System.Net;

namespace Dataplane.Api.Client;

/// <summary>An API server's refusal, with the Status it sent.</summary>
public sealed class ApiException : Exception
{
    public ApiException(Status status, HttpStatusCode httpStatus)
        : base(status.Message ?? status.Reason ?? $"HTTP {(int)httpStatus}")
    {
        Status = status;
        HttpStatus = httpStatus;
    }

    /// <summary>What the server said; made up from the HTTP status where the answer was not a Status.</summary>
    public Status Status { get; }

    /// <summary>The HTTP status; for an error within a watch, the Status's own code.</summary>
    public HttpStatusCode HttpStatus { get; }

    /// <summary>The word for programs: <c>NotFound</c>, <c>Conflict</c>, ...; empty when the server gave none.</summary>
    public string Reason => Status.Reason ?? "";

    /// <summary>The object, or the whole resource, is not there.</summary>
    public bool IsNotFound => HttpStatus == HttpStatusCode.NotFound;

    /// <summary>Somebody else wrote the object first.</summary>
    public bool IsConflict => Reason == "Conflict" || (HttpStatus == HttpStatusCode.Conflict && Reason.Length == 0);

    /// <summary>The name is taken.</summary>
    public bool IsAlreadyExists => Reason == "AlreadyExists";

    /// <summary>The version asked for has been compacted away: list again.</summary>
    public bool IsExpired => HttpStatus == HttpStatusCode.Gone;
}
