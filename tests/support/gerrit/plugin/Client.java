package postevents;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.http.HttpResponse;
import org.apache.http.client.ServiceUnavailableRetryStrategy;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpPost;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.protocol.HttpContext;

/** One HTTP client: no redirects, a 5xx tried again by itself, 5 s for connect and each read. */
class Client {
  static final int TRIES = 5;
  static final int INTERVAL_MS = 1000;
  private static final int TIMEOUT_MS = 5000;

  private final CloseableHttpClient http =
      HttpClients.custom()
          .disableRedirectHandling()
          .disableCookieManagement()
          .setServiceUnavailableRetryStrategy(new TryServerErrorsAgain())
          .setDefaultRequestConfig(
              RequestConfig.custom()
                  .setConnectTimeout(TIMEOUT_MS)
                  .setConnectionRequestTimeout(TIMEOUT_MS)
                  .setSocketTimeout(TIMEOUT_MS)
                  .build())
          .build();

  /** Posts the body and returns the status of the answer. */
  int post(String url, String origin, String body) throws IOException {
    HttpPost post = new HttpPost(url);
    post.setHeader("X-Origin-Url", origin);
    post.setHeader("Content-Type", "application/json; charset=utf-8");
    post.setEntity(new StringEntity(body, StandardCharsets.UTF_8));
    try (CloseableHttpResponse answer = http.execute(post)) {
      return answer.getStatusLine().getStatusCode();
    }
  }

  void close() {
    try {
      http.close();
    } catch (IOException ignored) {
      // the server is going down
    }
  }

  private static class TryServerErrorsAgain implements ServiceUnavailableRetryStrategy {
    @Override
    public boolean retryRequest(HttpResponse answer, int tries, HttpContext context) {
      return tries < TRIES && answer.getStatusLine().getStatusCode() >= 500;
    }

    @Override
    public long getRetryInterval() {
      return INTERVAL_MS;
    }
  }
}
