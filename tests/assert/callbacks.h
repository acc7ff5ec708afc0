typedef void callback(int);

callback *other(void);
