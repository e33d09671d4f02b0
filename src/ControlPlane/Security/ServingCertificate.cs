using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Security;

/// <summary>
/// A certificate of the server that somebody else made: kube-apiserver's --tls-cert-file and --tls-private-key-file. Read again when
/// a file changes, so that it can be renewed in place.
/// </summary>
internal sealed class ServingCertificate
{
    /// <summary>Who asks for this name gets the server's own certificate: its own clients, which trust only its own authority.</summary>
    public const string LoopbackName = "apiserver-loopback-client";

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly string _keyPath;
    private readonly ILogger _logger;
    private (DateTime Certificate, DateTime Key) _read;
    private SslStreamCertificateContext _current;

    /// <exception cref="IOException">No certificate with its key; the message names the file.</exception>
    public ServingCertificate(string path, string keyPath, ILogger logger)
    {
        (_path, _keyPath, _logger) = (path, keyPath, logger);
        _read = Written();
        _current = Read();
    }

    /// <summary>The certificate of the next connection, with what leads from it to its authority.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_gate)
            {
                var written = Written();
                if (written != _read)
                {
                    _read = written;
                    try
                    {
                        _current = Read();
                    }
                    catch (IOException failure)
                    {
                        // Half of a renewal: the other half follows.
                        Log.CertificateNotRead(_logger, failure.Message);
                    }
                }

                return _current;
            }
        }
    }

    private (DateTime Certificate, DateTime Key) Written() => (File.GetLastWriteTimeUtc(_path), File.GetLastWriteTimeUtc(_keyPath));

    private SslStreamCertificateContext Read()
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_path);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(_path, _keyPath), chain, offline: true);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"{_path} and {_keyPath} are no certificate with its key: {failure.Message}", failure);
        }
    }
}
